"""The notify handler: what a bounce, a complaint or a rejection says about an address."""

import pytest

from notify.handler import lambda_handler
from tests.integration.conftest import Calls, batch, failed
from tests.integration.deployment import Context
from tests.integration.notify.conftest import ADDRESS, People, Read, changed


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ("email_bounced", "bounced, Permanent, General: smtp; 550 5.1.1 user unknown"),
        ("email_complaint_received", "complained of as spam, abuse"),
        ("email_rejected", "rejected, Bad content"),
    ],
)
def test_records_the_failure(
    people: People, calls: Calls, context: Context, event_text: Read, event: str, reason: str
) -> None:
    """A bounce, a complaint or a rejection is recorded with the address, for the digest."""
    people.put("AIDAEXAMPLEALICEXXXXX", unenrolled_since={"S": "2026-11-24"})

    response = lambda_handler(batch(event_text(event)), context)

    assert failed(response) == []
    assert people.get("AIDAEXAMPLEALICEXXXXX") == {
        "unenrolled_since": "2026-11-24",
        "address_trouble": reason,
        "address_trouble_of": ADDRESS,
    }


def test_transient_bounce(people: People, calls: Calls, context: Context, event_text: Read) -> None:
    """A transient bounce is not recorded."""
    people.put("AIDAEXAMPLEALICEXXXXX", unenrolled_since={"S": "2026-11-24"})
    transient = event_text("email_bounced").replace('"Permanent"', '"Transient"')

    response = lambda_handler(batch(transient), context)

    assert failed(response) == []
    assert people.get("AIDAEXAMPLEALICEXXXXX") == {"unenrolled_since": "2026-11-24"}


@pytest.mark.parametrize("kind", ["Permanent", "Undetermined"])
def test_lasting_bounce(people: People, calls: Calls, context: Context, event_text: Read, kind: str) -> None:
    """A bounce is recorded unless SES calls it transient."""
    people.put("AIDAEXAMPLEALICEXXXXX", unenrolled_since={"S": "2026-11-24"})

    lambda_handler(batch(event_text("email_bounced").replace('"Permanent"', f'"{kind}"')), context)

    assert people.get("AIDAEXAMPLEALICEXXXXX")["address_trouble"].startswith(f"bounced, {kind}, General")


def test_complaint_with_two_recipients(people: People, calls: Calls, context: Context, event_text: Read) -> None:
    """A complaint that names several recipients is recorded as that of one of them."""
    people.put("AIDAEXAMPLEALICEXXXXX", unenrolled_since={"S": "2026-11-24"})
    named = [{"emailAddress": address} for address in ("lead@example.com", ADDRESS)]
    complaint = {"complainedRecipients": named, "complaintFeedbackType": "abuse"}

    lambda_handler(batch(changed(event_text("email_complaint_received"), complaint=complaint)), context)

    trouble = people.get("AIDAEXAMPLEALICEXXXXX")["address_trouble"]
    assert trouble == "complained of as spam, abuse, by one of its recipients"


def test_bounce_at_the_manager(people: People, calls: Calls, context: Context, event_text: Read) -> None:
    """A bounce at the manager's address is not recorded as the user's."""
    people.put("AIDAEXAMPLEALICEXXXXX", unenrolled_since={"S": "2026-11-24"})

    lambda_handler(batch(event_text("email_bounced_at_the_manager")), context)

    assert people.get("AIDAEXAMPLEALICEXXXXX") == {"unenrolled_since": "2026-11-24"}


def test_bounce_for_an_unknown_user(people: People, calls: Calls, context: Context, event_text: Read) -> None:
    """A bounce about a user who has no item creates none."""
    response = lambda_handler(batch(event_text("email_bounced")), context)

    assert failed(response) == []
    assert people.get("AIDAEXAMPLEALICEXXXXX") == {}
