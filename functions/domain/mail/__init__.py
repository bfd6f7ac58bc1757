"""Which mail a person gets now, if any: by how things stand when it is sent, not when it was planned.

1. Nobody gets a mail about a user who is gone, or who only has the same name.
2. Users who are exempt get no mail.
3. A mail that the user's devices contradict is not sent, or waits until IAM shows what was done.
4. A user without an address gets none; a reminder whose address has changed is planned again by the next run.
"""
