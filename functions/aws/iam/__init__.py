"""IAM: users and their devices read, the policy attached and detached."""
