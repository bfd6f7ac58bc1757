"""The scheduled run: queues reminders for users without MFA, and publishes the digest to ops."""
