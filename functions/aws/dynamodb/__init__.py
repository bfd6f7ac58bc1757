"""The two tables: people and their mails, and flags on users and notices."""
