"""The programs that ops run from a clone with their own credentials; their AWS clients refuse every write."""
