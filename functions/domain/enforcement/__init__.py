"""Whether the policy is attached to a user, detached, or neither: one rule for events and for the sweep.

`decision` applies these rules in this order:

1. A user who is exempt today is released if the policy is attached, and left alone if not.
2. A user who is enforced is left alone.
3. A user whose deletion failed because of the policy is left alone for an hour.
4. A user older than the deployment is left alone until the day of that user comes, unless the policy was attached
   before.
5. Every other user is enforced.

`sweep` applies them to the whole account, `dates` decides when a user's day has come, `deletion` decides when a user
is released to be deleted, and `attachments` lists what to detach. `release_request` and `enforcement_message` are the
messages to other functions.
"""
