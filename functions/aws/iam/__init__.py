"""IAM: reads users and their devices, attaches and detaches the policy."""
