"""The status of each user: enrolled, unenrolled, dormant, exempt or unknown.

`readings` are the facts of one run, `snapshot` judges each user by them in this order:

1. A user who is exempt today is exempt.
2. A user with a device is enrolled.
3. A user with a password or an active access key is unenrolled.
4. A user with neither is dormant.
5. A user who is not in the credential report yet keeps the status of the last run, or is unknown.

`record` is what is remembered of a person from run to run, and `totals` are the counts of a run.
`window` decides until which day a user can enrol alone.
"""
