"""What ops and auditors read: notices, the digest and the audit report. Nothing in here calls AWS."""
