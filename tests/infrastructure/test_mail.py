"""Mail in the template: what leads to one, who may send it, and where SES reports back to."""

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
    found: dict[str, Any] = template.resources[function]["Properties"]["Environment"]["Variables"]
    return found


def selected_by(rule: str, template: Template) -> set[str]:
    """Return the sample events that a rule lets through, by moto's matcher."""
    pattern = EventPattern(None, template.resources[rule]["Properties"]["EventPattern"])
    events = {file.stem: json.loads(file.read_text()) for file in EVENTS.glob("*.json")}
    return {name for name, event in events.items() if "detail-type" in event and pattern.matches_event(event)}


def test_passwords_and_devices_are_news_and_failed_calls_are_not() -> None:
    assert selected_by("NewsRule", WITHOUT) == {
        "create_login_profile",
        "deactivate_mfa_device_by_admin",
        "deactivate_mfa_device_self_no_username",
        "enable_mfa_device_fido",
        "enable_mfa_device_hardware",
        "enable_mfa_device_root",  # the function knows root by its name
        "enable_mfa_device_virtual",
    }


def test_what_ses_reports_of_our_mails_comes_back_and_of_others_not() -> None:
    pattern = WITH.resources["MailFeedbackRule"]["Properties"]["EventPattern"]
    event = json.loads((EVENTS / "email_bounced.json").read_text())

    assert pattern["detail"]["mail"]["tags"] == {"ses:configuration-set": ["${MailSettings}"]}
    assert variables(WITH)["CONFIGURATION_SET"] == "${MailSettings}"
    assert not EventPattern(None, pattern).matches_event(event)
    event["detail"]["mail"]["tags"]["ses:configuration-set"] = ["${MailSettings}"]
    assert EventPattern(None, pattern).matches_event(event)


@pytest.mark.parametrize("template", [WITHOUT, ELSEWHERE])
def test_ses_reports_back_only_where_mail_is_sent_from_the_stacks_region(template: Template) -> None:
    assert not FEEDBACK & template.resources.keys()
    assert variables(template)["CONFIGURATION_SET"] == ""


@pytest.mark.parametrize("policy", ["MailsTakeNews", "UndeliveredNewsTakeNews"])
def test_both_rules_may_write_to_the_mail_queue_and_to_its_dead_letters(policy: str) -> None:
    (statement,) = WITH.resources[policy]["Properties"]["PolicyDocument"]["Statement"]

    assert statement["Condition"]["ArnEquals"]["aws:SourceArn"] == ["${NewsRule.Arn}", "${MailFeedbackRule.Arn}"]


def test_mail_is_sent_in_the_senders_name_only() -> None:
    statements = WITH.resources["NotifyRole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    (sending,) = [statement for statement in statements if statement["Action"] == "ses:SendEmail"]

    assert sending["Condition"] == {"StringEquals": {"ses:FromAddress": "mfa@example.com"}}


@pytest.mark.parametrize(
    ("template", "region"), [(WITHOUT, "us-east-1"), (WITH, "us-east-1"), (ELSEWHERE, "eu-west-1")]
)
def test_both_functions_ask_the_same_ses(template: Template, region: str) -> None:
    assert variables(template)["SES_REGION"] == variables(template, "RemindFunction")["SES_REGION"] == region


def test_the_pace_is_shared_by_as_many_as_there_are() -> None:
    mails = WITH.resources["NotifyFunction"]["Properties"]["Events"]["Mails"]["Properties"]

    assert mails["ScalingConfig"] == {"MaximumConcurrency": WORKERS}


def test_what_is_remembered_is_encrypted_recoverable_and_forgotten_in_time() -> None:
    properties = WITH.resources["PeopleTable"]["Properties"]

    assert properties["TimeToLiveSpecification"] == {"AttributeName": "expires", "Enabled": True}
    assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert properties["SSESpecification"] == {"SSEEnabled": True}


@pytest.mark.parametrize(
    "rule", [{"ReminderSchedule": "cron(0 9 ? * MON-FRI *)"}, {"ReminderTimeZone": "UTC"}, {"DefaultLanguage": "en"}]
)
def test_a_first_deployment_reminds_on_weekdays_in_english(rule: dict[str, str]) -> None:
    for name, value in rule.items():
        assert WITHOUT.source["Parameters"][name]["Default"] == value


@pytest.mark.parametrize("name", ["DefaultEmailDomain", "AllowedEmailDomains"])
@given(domain=st.from_regex(r"[A-Za-z0-9-]{1,6}(\.[A-Za-z0-9-]{1,6}){0,3}", fullmatch=True))
@example(domain="example.c")
@example(domain="10.0.0.1")
@example(domain="-example.com")
@example(domain="example.co.jp")
def test_the_template_takes_the_domains_that_the_functions_take(name: str, domain: str) -> None:
    """A domain that every run would refuse is refused by the deployment."""
    pattern = WITHOUT.source["Parameters"][name]["AllowedPattern"]

    assert bool(re.fullmatch(pattern, domain)) == is_address(f"somebody@{domain}")
