"""What ops deploy, running: the real build and deployment in the local cloud."""
