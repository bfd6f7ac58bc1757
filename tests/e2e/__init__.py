"""The deployed system: the real build and deployment in the local cloud."""
