"""The texts for ops and auditors: notices, the digest and the audit report. Nothing in here calls AWS."""
