"""The address and the language in which a user gets mail.

1. The tag with the address comes first, then the user name if it is an address, then the name at the default domain.
2. An address in the tag that is not valid is not passed over: the user counts as unreachable.
3. Only the allowed domains get mail, managers included.
4. The language is that of the user's tag, else the default.
"""
