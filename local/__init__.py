"""The whole system on this machine, without AWS and without Docker. Never deployed."""
