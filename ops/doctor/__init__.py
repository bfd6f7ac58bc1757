"""Checks an account before and after a deployment: it reads facts and derives findings, and changes nothing."""
