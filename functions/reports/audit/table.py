"""The audit report as a table for a spreadsheet: a row per user."""

import csv
from io import StringIO

from reports.audit.report import AuditReport, AuditRow

COLUMNS = (
    "user_id",
    "user_name",
    "path",
    "created",
    "password",
    "active_access_keys",
    "mfa_devices",
    "status",
    "enforced",
    "exempt_because",
    "exempt_until",
    "exemption_ended",
    "without_mfa_since",
    "reminders",
    "last_reminded",
    "account",
    "enforced_from",
    "told_on",
    "last_sign_in",
    "key_last_used",
    "key_last_used_service",
    "window_ends",
    "closed_on",
)

# A cell that starts with one of these is a formula; in Japanese spreadsheets the wide forms are, too.
_FORMULA = frozenset("=+-@\t\r＝＋－＠")  # noqa: RUF001  (the wide forms are meant)


def audit_csv(report: AuditReport) -> str:
    """Return the rows as CSV. A value that a spreadsheet would run gets an apostrophe, which keeps it text."""
    output = StringIO()
    writer = csv.writer(output)
    writer.writerow(COLUMNS)
    writer.writerows([_text(value) for value in _values(row, report.account)] for row in report.rows)
    return output.getvalue()


def _values(row: AuditRow, account: str) -> tuple[object, ...]:
    exemption = row.exemption
    return (
        row.user_id,
        row.name,
        row.path,
        f"{row.created:%Y-%m-%dT%H:%M:%SZ}",
        {True: "yes", False: "no", None: "unknown"}[row.password],
        "unknown" if row.active_keys is None else row.active_keys,
        "; ".join(sorted(row.devices)),
        row.enrolment,
        row.enforced,
        exemption.reason if exemption else None,
        exemption.until if exemption else None,
        row.ended.until if row.ended else None,
        *_history(row),
        account,
        *_day(row),
        *_last_use(row),
        row.window_ends,
        row.closed_on,
    )


def _history(row: AuditRow) -> tuple[object, ...]:
    if row.reminders is None:
        return ("unknown",) * 3
    return (
        row.without_since,
        row.reminders,
        f"{row.last_reminded:%Y-%m-%dT%H:%M:%SZ}" if row.last_reminded else None,
    )


def _day(row: AuditRow) -> tuple[object, ...]:
    return ("unknown",) * 2 if row.reminders is None else (row.enforced_from, row.told_on)


def _last_use(row: AuditRow) -> tuple[object, ...]:
    if row.active_keys is None:
        return ("unknown",) * 3
    return (row.last_sign_in, row.key_last_used, row.key_last_used_service)


def _text(value: object) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text.lstrip(" ")[:1] in _FORMULA else text
