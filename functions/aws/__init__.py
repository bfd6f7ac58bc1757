"""Actions: the only code that calls AWS. Clients are passed in, domain values come out."""
