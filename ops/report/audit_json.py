"""The audit report as JSON."""

import json
from dataclasses import asdict
from datetime import date

from domain.enrolment.totals import ESCALATED
from reports.audit.report import AuditReport


def audit_json(report: AuditReport) -> str:
    """Write the whole report with its trend; times are in ISO 8601, and unknown values are null."""
    rows = [asdict(row) | {"devices": sorted(row.devices), "account": report.account} for row in report.rows]
    unknown = {ESCALATED: None} if report.not_deployed else {}
    whole = {
        "account": report.account,
        "at": report.at,
        "credential_report_made": report.report_made,
        "escalate_after_days": report.escalate_after,
        "not_deployed": report.not_deployed or None,
        "not_enforced": report.not_enforced,
        "console_password_without_mfa": report.password_without_mfa,
        "totals": {**report.totals.counts, **unknown},
        "runs": [{"at": run.at, **run.counts, **unknown} for run in report.runs],
        "users": rows,
    }
    return json.dumps(whole, indent=2, default=date.isoformat, ensure_ascii=False)
