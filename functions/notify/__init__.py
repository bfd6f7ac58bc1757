"""Sends one mail to one person: what happened, and what to do now."""
