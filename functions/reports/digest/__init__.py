"""The digest of a reminder run: what ops must do, the numbers, and the people who are left."""
