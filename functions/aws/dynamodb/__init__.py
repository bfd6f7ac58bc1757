"""The two tables: what is remembered of people and their mails, and of users and notices."""
