"""The audit report as of now, made from a live account: before a deployment too, and without changing anything."""
