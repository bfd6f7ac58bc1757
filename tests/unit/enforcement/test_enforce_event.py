"""Real CloudTrail shapes of every kind of caller are read; what is no event is refused by the field's name."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aws.cloudtrail import MalformedEvent, RecordedCall
from domain.api_call import ApiCall, Ignored
from domain.users import User
from enforce.event import EnforcementChanged, Fact, UserChanged, UserCreated, read_fact

ACCOUNT = "111122223333"
ReadText = Callable[[str], str]


def read(body: str) -> Fact:
    return read_fact(RecordedCall.from_message(body), ACCOUNT)


@pytest.mark.parametrize(
    ("caller", "name", "path"),
    [
        ("create_user_console", "alice", "/"),
        ("create_user_cli_path", "bob", "/engineering/"),
        ("create_user_cloudformation", None, None),
        ("create_user_terraform", None, None),
        ("create_user_sso_role", None, None),
        ("create_user_root", None, None),
        ("create_user_permissions_boundary", None, None),
        ("create_user_govcloud", None, None),
        ("create_user_duplicate_delivery", "alice", "/"),
    ],
)
def test_a_user_created_by_any_kind_of_caller_is_read(
    event_text: ReadText, caller: str, name: str | None, path: str | None
) -> None:
    recorded = json.loads(event_text(caller))["detail"]["responseElements"]["user"]

    created = read(event_text(caller))

    assert isinstance(created, UserCreated)
    assert created.user.name == (name or recorded["userName"])
    assert created.user.path == (path or recorded["path"])
    assert created.user.user_id == recorded["userId"]


def test_the_tags_and_the_time_of_the_call_are_read(event_text: ReadText) -> None:
    created = read(event_text("create_user_console"))

    assert created == UserCreated(
        User(
            name="alice",
            user_id="AIDAEXAMPLEALICEXXXXX",
            path="/",
            tags={"email": "alice@example.com", "team": "platform"},
            created=datetime(2026, 11, 24, 9, 15, 2, tzinfo=UTC),
        )
    )


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ("create_user_error_already_exists", "the call failed"),
        ("create_user_error_access_denied", "the call failed"),
        ("create_user_error_limit_exceeded", "the call failed"),
        ("create_user_error_throttled", "the call failed"),
        ("create_user_forwarded_from_member_account", "another account"),
        ("lookalike_identitystore_create_user", "CreateUser of"),
    ],
)
def test_a_call_that_created_nobody_here_is_told_apart(event_text: ReadText, event: str, reason: str) -> None:
    nobody = read(event_text(event))

    assert isinstance(nobody, Ignored)
    assert reason in nobody.reason


@pytest.mark.parametrize(
    ("event", "changed"),
    [
        ("detach_user_policy", UserChanged("alice", policy_detached=True)),
        ("remove_user_from_group", UserChanged("alice", policy_detached=True)),
        ("tag_user_exempt", UserChanged("alice", tags={"mfa-exempt": "true"})),
        ("untag_user_exempt", UserChanged("alice")),
        ("update_user_path", UserChanged("alice", path="/contractors/")),
        ("update_user_rename", UserChanged("alice.smith", renamed_from="alice")),
    ],
)
def test_a_changed_user_is_named_as_the_user_is_called_now_and_was_held_if_something_was_taken_off(
    event_text: ReadText, event: str, changed: UserChanged
) -> None:
    assert read(event_text(event)) == changed


@pytest.mark.parametrize(
    "event",
    [
        "create_policy_version",
        "set_default_policy_version",
        "delete_policy_version",
        "delete_policy",
        "detach_group_policy",
        "delete_group",
    ],
)
def test_a_change_of_the_policy_or_the_group_is_one_of_the_enforcement(event_text: ReadText, event: str) -> None:
    assert read(event_text(event)) == EnforcementChanged()


@pytest.mark.parametrize("event", ["attach_user_policy_by_enforce", "add_user_to_group", "delete_user"])
def test_what_attaches_or_deletes_is_none_of_ours(event_text: ReadText, event: str) -> None:
    assert isinstance(read(event_text(event)), Ignored)


def test_who_called_when_and_from_where_is_kept(event_text: ReadText) -> None:
    call = RecordedCall.from_message(event_text("tag_user_exempt")).to_api_call()

    assert call == ApiCall(
        "TagUser",
        "arn:aws:iam::111122223333:user/admin-jane",
        datetime(2026, 11, 24, 9, 15, 2, tzinfo=UTC),
        "203.0.113.24",
        "26debfdb-8825-4e56-a179-b37d806c10b5",
    )


def without(event: dict[str, Any], field: str) -> dict[str, Any]:
    *parents, last = field.split(".")
    holder = event
    for parent in parents:
        holder = holder[parent]
    del holder[last]
    return event


@pytest.mark.parametrize(
    "field",
    [
        "detail",
        "account",
        "detail.eventSource",
        "detail.eventName",
        "detail.eventTime",
        "detail.eventID",
        "detail.responseElements",
        "detail.responseElements.user.userName",
        "detail.responseElements.user.userId",
        "detail.responseElements.user.path",
    ],
)
def test_a_missing_field_is_named(event_text: ReadText, field: str) -> None:
    event = without(json.loads(event_text("create_user_console")), field)

    with pytest.raises(MalformedEvent, match=f"{field}.*: expected (an object|text), found NoneType"):
        read(json.dumps(event))


@pytest.mark.parametrize("time", ["yesterday", "2026-11-24T09:15:02"])
def test_a_time_that_is_none_or_has_no_zone_is_refused(event_text: ReadText, time: str) -> None:
    event = json.loads(event_text("create_user_console"))
    event["detail"]["eventTime"] = time

    with pytest.raises(MalformedEvent, match="eventTime: expected"):
        read(json.dumps(event))


@pytest.mark.parametrize(
    ("field", "value"),
    [("userName", "AWS ROOT USER"), ("userName", "a" * 129), ("userId", "AIDA#1"), ("path", "/" * 1025)],
)
def test_user_whom_iam_could_not_have(event_text: ReadText, field: str, value: str) -> None:
    """A user with a name, an id or a path that IAM gives nobody is refused by the field."""
    event = json.loads(event_text("create_user_console"))
    event["detail"]["responseElements"]["user"][field] = value

    with pytest.raises(MalformedEvent, match=f"responseElements.user.{field}: expected "):
        read(json.dumps(event))


@pytest.mark.parametrize("event", ["detach_user_policy", "tag_user_exempt", "update_user_rename"])
def test_name_that_iam_could_not_have(event_text: ReadText, event: str) -> None:
    """A changed user with a name that IAM gives nobody is refused."""
    body = re.sub(r'("(?:newUserName|userName)": )"[a-z.]+"', r'\1"no name"', event_text(event))

    with pytest.raises(MalformedEvent, match=r"[uU]serName: expected the name of a user"):
        read(body)


@pytest.mark.parametrize("tag", [{"key": "team"}, {"key": "team", "value": None}, {"key": "team", "value": ""}])
def test_empty_tag(event_text: ReadText, tag: dict[str, str | None]) -> None:
    """A tag without a value is one whose value is empty."""
    event = json.loads(event_text("create_user_console"))
    event["detail"]["requestParameters"]["tags"] = [tag]

    created = read(json.dumps(event))

    assert isinstance(created, UserCreated)
    assert created.user.tags == {"team": ""}


@pytest.mark.parametrize("tags", ["mfa-exempt", ["mfa-exempt"], {"mfa-exempt": "robot"}, 7])
def test_tags_of_another_shape_are_refused_rather_than_taken_for_none(event_text: ReadText, tags: object) -> None:
    event = json.loads(event_text("create_user_console"))
    event["detail"]["requestParameters"]["tags"] = tags

    with pytest.raises(MalformedEvent, match=r"requestParameters\.tags: expected a list of"):
        read(json.dumps(event))


@pytest.mark.parametrize("tag", [{}, {"key": None}, {"key": 7}, {"key": "team", "value": ["x"]}])
def test_tag_is_named(event_text: ReadText, tag: dict[str, object]) -> None:
    """A tag that is none is refused by its place in the list."""
    event = json.loads(event_text("create_user_console"))
    event["detail"]["requestParameters"]["tags"] = [{"key": "email", "value": "alice@example.com"}, tag]

    with pytest.raises(MalformedEvent, match=r"requestParameters\.tags\[1\]\.(key|value): expected text"):
        read(json.dumps(event))


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=10,
)


@given(body=st.text() | anything.map(json.dumps))
def test_whatever_is_no_event_is_refused_as_malformed_and_in_no_other_way(body: str) -> None:
    with pytest.raises(MalformedEvent):
        read(body)


DETAIL_FIELDS = [
    "eventSource",
    "eventName",
    "eventTime",
    "eventID",
    "errorCode",
    "requestParameters",
    "responseElements",
]


@given(field=st.sampled_from(DETAIL_FIELDS), value=anything)
def test_an_event_damaged_in_one_field_is_read_or_refused_but_never_breaks(
    event_text: ReadText, field: str, value: object
) -> None:
    event = json.loads(event_text("create_user_console"))
    event["detail"][field] = value

    try:
        created = read(json.dumps(event))
    except MalformedEvent:
        return

    assert isinstance(created, Fact)
