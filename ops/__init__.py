"""What ops run from a clone with their own credentials. Nothing in here can write: the clients refuse to."""
