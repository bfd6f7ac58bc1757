"""Mail in the template: the events that lead to it, who may send it, and where SES reports back."""

import json
import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from moto.events.models import EventPattern

from aws.ses.quota import WORKERS
from domain.contact.addresses import is_address
from tests.conftest import EVENTS
from tests.template import Template

WITHOUT, WITH = Template(), Template(SenderEmail="mfa@example.com")
ELSEWHERE = Template(SenderEmail="mfa@example.com", SesRegion="eu-west-1")
FEEDBACK = {"MailSettings", "MailFeedback", "MailFeedbackRule"}


def variables(template: Template, function: str = "NotifyFunction") -> dict[str, Any]:
    variables: dict[str, Any] = template.resources[function]["Properties"]["Environment"]["Variables"]
    return variables


def selected_by(rule: str, template: Template) -> set[str]:
    """Return the sample events that a rule matches, by moto's matcher."""
    pattern = EventPattern(None, template.resources[rule]["Properties"]["EventPattern"])
    events = {file.stem: json.loads(file.read_text()) for file in EVENTS.glob("*.json")}
    return {name for name, event in events.items() if "detail-type" in event and pattern.matches_event(event)}


def test_account_events() -> None:
    """Passwords and devices are account events; failed calls are not."""
    assert selected_by("NewsRule", WITHOUT) == {
        "create_login_profile",
        "deactivate_mfa_device_by_admin",
        "deactivate_mfa_device_self_no_username",
        "enable_mfa_device_fido",
        "enable_mfa_device_hardware",
        "enable_mfa_device_root",  # the function recognizes root by its name
        "enable_mfa_device_virtual",
    }


def test_delivery_reports() -> None:
    """Reports of SES about our mails reach the queue; reports about other mails do not."""
    pattern = WITH.resources["MailFeedbackRule"]["Properties"]["EventPattern"]
    event = json.loads((EVENTS / "email_bounced.json").read_text())

    assert pattern["detail"]["mail"]["tags"] == {"ses:configuration-set": ["${MailSettings}"]}
    assert variables(WITH)["CONFIGURATION_SET"] == "${MailSettings}"
    assert not EventPattern(None, pattern).matches_event(event)
    event["detail"]["mail"]["tags"]["ses:configuration-set"] = ["${MailSettings}"]
    assert EventPattern(None, pattern).matches_event(event)


@pytest.mark.parametrize("template", [WITHOUT, ELSEWHERE])
def test_reports_need_same_region(template: Template) -> None:
    """SES reports back only if mail is sent from the stack's Region."""
    assert not FEEDBACK & template.resources.keys()
    assert variables(template)["CONFIGURATION_SET"] == ""


@pytest.mark.parametrize("policy", ["MailsTakeNews", "UndeliveredNewsTakeNews"])
def test_rules_may_write_to_queues(policy: str) -> None:
    """Both rules may write to the mail queue and to its dead-letter queue."""
    (statement,) = WITH.resources[policy]["Properties"]["PolicyDocument"]["Statement"]

    assert statement["Condition"]["ArnEquals"]["aws:SourceArn"] == ["${NewsRule.Arn}", "${MailFeedbackRule.Arn}"]


def test_only_the_sender() -> None:
    """Mail may be sent only from the sender's address."""
    statements = WITH.resources["NotifyRole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    (sending,) = [statement for statement in statements if statement["Action"] == "ses:SendEmail"]

    assert sending["Condition"] == {"StringEquals": {"ses:FromAddress": "mfa@example.com"}}


@pytest.mark.parametrize(
    ("template", "region"), [(WITHOUT, "us-east-1"), (WITH, "us-east-1"), (ELSEWHERE, "eu-west-1")]
)
def test_same_ses_region(template: Template, region: str) -> None:
    """Both functions use SES in the same Region."""
    assert variables(template)["SES_REGION"] == variables(template, "RemindFunction")["SES_REGION"] == region


def test_workers_share_the_rate() -> None:
    """The workers that share the sending rate are as many as the event source starts."""
    mails = WITH.resources["NotifyFunction"]["Properties"]["Events"]["Mails"]["Properties"]

    assert mails["ScalingConfig"] == {"MaximumConcurrency": WORKERS}


def test_people_table() -> None:
    """The people table is encrypted and recoverable, and its items expire."""
    properties = WITH.resources["PeopleTable"]["Properties"]

    assert properties["TimeToLiveSpecification"] == {"AttributeName": "expires", "Enabled": True}
    assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert properties["SSESpecification"] == {"SSEEnabled": True}


@pytest.mark.parametrize(
    "rule", [{"ReminderSchedule": "cron(0 9 ? * MON-FRI *)"}, {"ReminderTimeZone": "UTC"}, {"DefaultLanguage": "en"}]
)
def test_defaults(rule: dict[str, str]) -> None:
    """A first deployment reminds on weekdays in English."""
    for name, value in rule.items():
        assert WITHOUT.source["Parameters"][name]["Default"] == value


@pytest.mark.parametrize("name", ["DefaultEmailDomain", "AllowedEmailDomains"])
@given(domain=st.from_regex(r"[A-Za-z0-9-]{1,6}(\.[A-Za-z0-9-]{1,6}){0,3}", fullmatch=True))
@example(domain="example.c")
@example(domain="10.0.0.1")
@example(domain="-example.com")
@example(domain="example.co.jp")
def test_domains(name: str, domain: str) -> None:
    """A domain that every run would refuse is refused by the deployment."""
    pattern = WITHOUT.source["Parameters"][name]["AllowedPattern"]

    assert bool(re.fullmatch(pattern, domain)) == is_address(f"somebody@{domain}")
