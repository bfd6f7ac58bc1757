"""Detaches the policy: from users who are exempt or being deleted, and from all users when the stack is deleted."""
