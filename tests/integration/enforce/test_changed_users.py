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
def test_a_user_from_whom_the_enforcement_was_taken_gets_it_back(
    iam: "IAMClient", alice: str, context: Context, event_text: ReadText, log: Log, event: str
) -> None:
    response = lambda_handler(batch(event_text(event)), context)

    assert failed(response) == []
    assert attached(iam, "alice") == ["mfa-control"]
    assert log.entry("Policy attached again")["caller"] == "arn:aws:iam::111122223333:user/admin-jane"


def test_a_user_whom_the_group_still_holds_needs_nothing(
    iam: "IAMClient", stack: Stack, alice: str, context: Context, event_text: ReadText
) -> None:
    iam.add_user_to_group(GroupName=stack.group, UserName="alice")

    lambda_handler(batch(event_text("detach_user_policy")), context)

    assert (attached(iam, "alice"), members(iam, stack.group)) == ([], ["alice"])


@pytest.mark.parametrize("first", ["detach_user_policy", "update_user_rename"])
def test_a_renamed_user_stays_in_scope(
    iam: "IAMClient",
    alice: str,
    stack: Stack,
    context: Context,
    event_text: ReadText,
    first: str,
) -> None:
    """The events of a detachment and of the rename after it bring the policy back, whatever the user's age."""
    stack.update(ExistingUsersSince="2100-01-01" if first == "detach_user_policy" else "2020-01-01")
    events = [at_this_moment(event_text(name)) for name in ("detach_user_policy", "update_user_rename")]
    iam.update_user(UserName="alice", NewUserName="alice.smith")

    for event in events if first == "detach_user_policy" else reversed(events):
        assert failed(lambda_handler(batch(event), context)) == []

    assert attached(iam, "alice.smith") == ["mfa-control"]


def test_a_rename_long_after_a_detachment_proves_nothing(
    iam: "IAMClient", stack: Stack, context: Context, event_text: ReadText
) -> None:
    """A name whose bearer lost the policy and was deleted puts no other user in scope who is renamed from it before."""
    stack.update(ExistingUsersSince="2100-01-01")
    renamed = at_this_moment(event_text("update_user_rename"))
    lambda_handler(batch(at_this_moment(event_text("detach_user_policy"))), context)
    iam.create_user(UserName="alice.smith")

    lambda_handler(batch(renamed), context)

    assert attached(iam, "alice.smith") == []


def test_a_user_who_is_older_than_the_deployment_is_only_reported(
    iam: "IAMClient",
    alice: str,
    stack: Stack,
    context: Context,
    event_text: ReadText,
    log: Log,
) -> None:
    stack.update(ExistingUsersSince="2100-01-01")

    lambda_handler(batch(event_text("untag_user_exempt")), context)

    assert attached(iam, "alice") == []
    assert log.entry("User left alone")["reason"] == "older-than-the-deployment"


@pytest.mark.parametrize("event", ["detach_user_policy", "remove_user_from_group"])
def test_an_older_user_from_whom_the_enforcement_was_taken_gets_it_back_and_stays_in_scope(
    iam: "IAMClient",
    stack: Stack,
    alice: str,
    context: Context,
    event_text: ReadText,
    event: str,
) -> None:
    stack.update(ExistingUsersSince="2100-01-01")

    lambda_handler(batch(at_this_moment(event_text(event))), context)
    before = attached(iam, "alice")
    iam.detach_user_policy(UserName="alice", PolicyArn=stack.policy_arn)
    lambda_handler(batch(event_text("untag_user_exempt")), context)

    assert (before, attached(iam, "alice")) == (["mfa-control"], ["mfa-control"])


def test_what_was_taken_off_an_earlier_user_of_the_name_proves_nothing(
    iam: "IAMClient", alice: str, stack: Stack, context: Context, event_text: ReadText
) -> None:
    stack.update(ExistingUsersSince="2100-01-01")

    lambda_handler(batch(event_text("detach_user_policy")), context)

    assert attached(iam, "alice") == []


def test_existing_users_are_enforced_when_ops_say_so(
    iam: "IAMClient", alice: str, stack: Stack, context: Context, event_text: ReadText
) -> None:
    stack.update(ExistingUsersSince="2100-01-01")
    stack.update(ExistingUsers="enforce")

    lambda_handler(batch(event_text("untag_user_exempt")), context)

    assert attached(iam, "alice") == ["mfa-control"]


def test_without_a_date_the_policy_itself_is_the_border(
    iam: "IAMClient", alice: str, stack: Stack, context: Context, event_text: ReadText
) -> None:
    """The policy was created before the user here."""
    stack.update(ExistingUsersSince="")

    lambda_handler(batch(event_text("detach_user_policy")), context)

    assert attached(iam, "alice") == ["mfa-control"]


@pytest.mark.parametrize(("ends_in", "given_back"), [(timedelta(minutes=5), False), (timedelta(minutes=-5), True)])
def test_a_user_who_is_being_deleted_is_left_alone_for_as_long_as_the_mark_holds(
    iam: "IAMClient",
    stack: Stack,
    alice: str,
    context: Context,
    event_text: ReadText,
    ends_in: timedelta,
    given_back: bool,
) -> None:
    stack.flags.put(kind={"S": "leaving"}, subject={"S": alice}, expires={"N": in_seconds(ends_in)})

    lambda_handler(batch(event_text("detach_user_policy")), context)

    assert (attached(iam, "alice") == ["mfa-control"]) == given_back


def test_a_user_who_was_deleted_meanwhile_is_done(context: Context, event_text: ReadText) -> None:
    assert failed(lambda_handler(batch(event_text("detach_user_policy")), context)) == []


def test_after_three_times_a_day_ops_are_alarmed_once_instead(
    iam: "IAMClient", stack: Stack, alice: str, context: Context, event_text: ReadText
) -> None:
    for _ in range(5):
        lambda_handler(batch(event_text("detach_user_policy")), context)
        if attached(iam, "alice"):
            iam.detach_user_policy(UserName="alice", PolicyArn=stack.policy_arn)

    assert attached(iam, "alice") == []
    notice = stack.ops.read()
    assert "Somebody keeps undoing the enforcement of alice" in notice
    assert "arn:aws:iam::111122223333:user/admin-jane" in notice


def test_an_event_delivered_again_counts_only_what_was_put_back(
    iam: "IAMClient", stack: Stack, alice: str, context: Context, event_text: ReadText
) -> None:
    for _ in range(9):
        lambda_handler(batch(event_text("detach_user_policy")), context)

    assert stack.ops.kinds() == []


def test_what_could_not_be_put_back_is_not_counted_and_nobody_is_alarmed(
    iam: "IAMClient", stack: Stack, alice: str, calls: Calls, context: Context, event_text: ReadText
) -> None:
    calls.fail("AttachUserPolicy", "ConcurrentModification", times=3)
    events = batch(event_text("detach_user_policy"))

    tries = [failed(lambda_handler(events, context)) for _ in range(4)]

    assert tries == [["m0"], ["m0"], ["m0"], []]
    assert attached(iam, "alice") == ["mfa-control"]
    assert stack.ops.kinds() == []


def test_a_dry_run_neither_attaches_nor_asks(
    iam: "IAMClient",
    stack: Stack,
    alice: str,
    context: Context,
    event_text: ReadText,
    log: Log,
) -> None:
    stack.update(DryRun="true")

    lambda_handler(batch(event_text("detach_user_policy")), context)

    assert (attached(iam, "alice"), stack.requests.take()) == ([], [])
    assert log.entry("Would act")["decision"] == "Attach"
