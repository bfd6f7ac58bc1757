"""The audit report: a row for each user, as values, as a table for a spreadsheet, and as a page with the trend."""
