"""The address and the language in which a user gets mail.

1. The tag with the address comes first, then the user name if it is an address, then the name at the default domain.
2. If the address in the tag is not valid, the user counts as unreachable; the name is not tried.
3. Only the allowed domains get mail; this includes managers.
4. The user's tag decides the language; without one it is the default.
"""
