"""SES: the account's quota, sending, and the events about sent mails."""
