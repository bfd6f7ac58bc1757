"""The digest of a reminder run: what needs ops, the numbers, and the people who are left."""
