"""Letting go: of whoever became exempt or is being deleted, and of everybody when the stack is."""
