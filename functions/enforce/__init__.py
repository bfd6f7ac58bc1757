"""What happens when a user was created: the enforcement policy is attached, unless the user is exempt."""
