"""Which mail a person gets now, if any: the state at sending time decides, not that at planning time.

1. No mail is sent about a user who is gone, or about a later user with the same name.
2. Exempt users get no mail.
3. A mail that the user's devices contradict is not sent, or waits until IAM shows the change.
4. A user without an address gets no mail; if a reminder's address has changed, the next run plans it again.
"""
