"""Adapters: the only code that calls AWS. They take clients and return domain values."""
