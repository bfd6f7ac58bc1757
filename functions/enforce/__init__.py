"""Attaches the enforcement policy to new and changed users, unless they are exempt."""
