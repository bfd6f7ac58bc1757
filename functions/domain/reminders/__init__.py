"""Who is reminded today, and who of them has been without MFA for so long that the manager gets a copy.

1. The days count from the first day on which the user could sign in and had no MFA.
2. A reminder is due on each day of the cadence, and not twice for one of them; the longest without MFA come first.
3. From the day of escalation on, reminders go to the manager too, but the first mail never does.
4. SES's quota of the day limits how many are queued; the next run goes on.
"""
