"""Who has MFA, who has none, and who needs none.

`readings` are the facts of one run, `snapshot` judges each user by them in this order:

1. A user who is exempt today is exempt.
2. A user with a device is enrolled.
3. A user with a password or an active access key is unenrolled.
4. A user with neither is dormant.
5. A user whom the credential report does not know yet stays what the last run found, or is unknown.

`history` is what is remembered of a person from run to run, and `totals` what a run comes to in numbers.
"""
