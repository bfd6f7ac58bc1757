"""A demo of the product in a local cloud. Nothing is staged: all output comes from the cloud's answers."""
