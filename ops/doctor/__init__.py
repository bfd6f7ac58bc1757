"""Checks an account before a deployment and after it: facts are read, findings follow from them, nothing is changed."""
