"""The enforce handler on changed users: who gets the policy back, and when the function stops attaching it."""

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from enforce.handler import lambda_handler
from tests.integration.conftest import Calls, Log, attached, batch, failed, members
from tests.integration.deployment import Context, Stack
from tests.integration.enforce.conftest import ReadText, at_this_moment, in_seconds

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient


@pytest.mark.parametrize("event", ["detach_user_policy", "remove_user_from_group", "untag_user_exempt"])
def test_attaches_the_policy_again(
    iam: "IAMClient", alice: str, context: Context, event_text: ReadText, log: Log, event: str
) -> None:
    """A user who lost the policy, the group or the exemption gets the policy."""
    response = lambda_handler(batch(event_text(event)), context)

    assert failed(response) == []
    assert attached(iam, "alice") == ["mfa-control"]
    assert log.entry("Policy attached again")["caller"] == "arn:aws:iam::111122223333:user/admin-jane"


def test_covered_by_the_group(
    iam: "IAMClient", stack: Stack, alice: str, context: Context, event_text: ReadText
) -> None:
    """A user who is still covered by the group gets no policy."""
    iam.add_user_to_group(GroupName=stack.group, UserName="alice")

    lambda_handler(batch(event_text("detach_user_policy")), context)

    assert (attached(iam, "alice"), members(iam, stack.group)) == ([], ["alice"])


@pytest.mark.parametrize("first", ["detach_user_policy", "update_user_rename"])
def test_renamed_user_stays_in_scope(
    iam: "IAMClient",
    alice: str,
    stack: Stack,
    context: Context,
    event_text: ReadText,
    first: str,
) -> None:
    """A detachment and the rename after it bring the policy back even for an older user."""
    stack.update(ExistingUsersSince="2100-01-01" if first == "detach_user_policy" else "2020-01-01")
    events = [at_this_moment(event_text(name)) for name in ("detach_user_policy", "update_user_rename")]
    iam.update_user(UserName="alice", NewUserName="alice.smith")

    for event in events if first == "detach_user_policy" else reversed(events):
        assert failed(lambda_handler(batch(event), context)) == []

    assert attached(iam, "alice.smith") == ["mfa-control"]


def test_rename_before_the_name_lost_the_policy(
    iam: "IAMClient", stack: Stack, context: Context, event_text: ReadText
) -> None:
    """A user who is renamed away from a name is not in scope because a later user of the name lost the policy."""
    stack.update(ExistingUsersSince="2100-01-01")
    renamed = at_this_moment(event_text("update_user_rename"))
    lambda_handler(batch(at_this_moment(event_text("detach_user_policy"))), context)
    iam.create_user(UserName="alice.smith")

    lambda_handler(batch(renamed), context)

    assert attached(iam, "alice.smith") == []


def test_only_reports_older_users(
    iam: "IAMClient",
    alice: str,
    stack: Stack,
    context: Context,
    event_text: ReadText,
    log: Log,
) -> None:
    """A user who is older than the deployment is reported and not enforced."""
    stack.update(ExistingUsersSince="2100-01-01")

    lambda_handler(batch(event_text("untag_user_exempt")), context)

    assert attached(iam, "alice") == []
    assert log.entry("User left alone")["reason"] == "older-than-the-deployment"


@pytest.mark.parametrize("event", ["detach_user_policy", "remove_user_from_group"])
def test_older_user_stays_in_scope(
    iam: "IAMClient",
    stack: Stack,
    alice: str,
    context: Context,
    event_text: ReadText,
    event: str,
) -> None:
    """An older user who lost the policy gets it back, and stays in scope afterwards."""
    stack.update(ExistingUsersSince="2100-01-01")

    lambda_handler(batch(at_this_moment(event_text(event))), context)
    before = attached(iam, "alice")
    iam.detach_user_policy(UserName="alice", PolicyArn=stack.policy_arn)
    lambda_handler(batch(event_text("untag_user_exempt")), context)

    assert (before, attached(iam, "alice")) == (["mfa-control"], ["mfa-control"])


def test_earlier_user_of_the_name(
    iam: "IAMClient", alice: str, stack: Stack, context: Context, event_text: ReadText
) -> None:
    """A detachment from an earlier user of the name does not bring an older user into scope."""
    stack.update(ExistingUsersSince="2100-01-01")

    lambda_handler(batch(event_text("detach_user_policy")), context)

    assert attached(iam, "alice") == []


def test_enforces_existing_users_on_request(
    iam: "IAMClient", alice: str, stack: Stack, context: Context, event_text: ReadText
) -> None:
    """An older user is enforced if ExistingUsers is "enforce"."""
    stack.update(ExistingUsersSince="2100-01-01")
    stack.update(ExistingUsers="enforce")

    lambda_handler(batch(event_text("untag_user_exempt")), context)

    assert attached(iam, "alice") == ["mfa-control"]


def test_age_without_a_date(iam: "IAMClient", alice: str, stack: Stack, context: Context, event_text: ReadText) -> None:
    """Without ExistingUsersSince, a user who was created after the policy is enforced."""
    stack.update(ExistingUsersSince="")

    lambda_handler(batch(event_text("detach_user_policy")), context)

    assert attached(iam, "alice") == ["mfa-control"]


@pytest.mark.parametrize(("ends_in", "attaches"), [(timedelta(minutes=5), False), (timedelta(minutes=-5), True)])
def test_spares_a_user_being_deleted(
    iam: "IAMClient",
    stack: Stack,
    alice: str,
    context: Context,
    event_text: ReadText,
    ends_in: timedelta,
    attaches: bool,
) -> None:
    """A user who is being deleted gets no policy until the flag expires."""
    stack.flags.put(kind={"S": "leaving"}, subject={"S": alice}, expires={"N": in_seconds(ends_in)})

    lambda_handler(batch(event_text("detach_user_policy")), context)

    assert (attached(iam, "alice") == ["mfa-control"]) == attaches


def test_deleted_user(context: Context, event_text: ReadText) -> None:
    """A message about a user who no longer exists is done."""
    assert failed(lambda_handler(batch(event_text("detach_user_policy")), context)) == []


def test_stops_after_three_attachments(
    iam: "IAMClient", stack: Stack, alice: str, context: Context, event_text: ReadText
) -> None:
    """The fourth loss of the policy in a day is not repaired: ops get one alarm, with the caller."""
    for _ in range(5):
        lambda_handler(batch(event_text("detach_user_policy")), context)
        if attached(iam, "alice"):
            iam.detach_user_policy(UserName="alice", PolicyArn=stack.policy_arn)

    assert attached(iam, "alice") == []
    notice = stack.ops.read()
    assert "The policy is repeatedly detached from alice" in notice
    assert "arn:aws:iam::111122223333:user/admin-jane" in notice


def test_counts_attachments_only(
    iam: "IAMClient", stack: Stack, alice: str, context: Context, event_text: ReadText
) -> None:
    """A repeated event for a user who has the policy is not counted as an attachment."""
    for _ in range(9):
        lambda_handler(batch(event_text("detach_user_policy")), context)

    assert stack.ops.kinds() == []


def test_failed_attachments_do_not_count(
    iam: "IAMClient", stack: Stack, alice: str, calls: Calls, context: Context, event_text: ReadText
) -> None:
    """An attachment that failed is not counted, and the next try succeeds without an alarm."""
    calls.fail("AttachUserPolicy", "ConcurrentModification", times=3)
    events = batch(event_text("detach_user_policy"))

    tries = [failed(lambda_handler(events, context)) for _ in range(4)]

    assert tries == [["m0"], ["m0"], ["m0"], []]
    assert attached(iam, "alice") == ["mfa-control"]
    assert stack.ops.kinds() == []


def test_dry_run(
    iam: "IAMClient",
    stack: Stack,
    alice: str,
    context: Context,
    event_text: ReadText,
    log: Log,
) -> None:
    """A dry run attaches nothing, requests no release and logs its decision."""
    stack.update(DryRun="true")

    lambda_handler(batch(event_text("detach_user_policy")), context)

    assert (attached(iam, "alice"), stack.requests.take()) == ([], [])
    assert log.entry("Would act")["decision"] == "Attach"
