"""Which users are reminded today, and which reminders also go to the manager.

1. The days count from the first day on which the user could sign in and had no MFA.
2. One reminder is due for each day of the cadence; users who have lacked MFA the longest come first.
3. From the day of escalation on, reminders also go to the manager, but the first mail never does.
4. SES's daily quota limits how many are queued; the next run continues.
"""
