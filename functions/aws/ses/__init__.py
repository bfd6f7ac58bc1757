"""SES: what it allows, the mails that it takes, and what becomes of them."""
