"""The scheduled reminder: who has no MFA is told what to do, and ops are told who is left."""
