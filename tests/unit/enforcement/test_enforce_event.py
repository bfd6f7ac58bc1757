"""Events of every kind of caller are read; anything else is refused with the name of the field."""

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
from enforce.event import EnforcementChanged, Fact, PasswordSet, UserChanged, UserCreated, read_fact

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
def test_created_user(event_text: ReadText, caller: str, name: str | None, path: str | None) -> None:
    """A user created by any kind of caller is read."""
    recorded = json.loads(event_text(caller))["detail"]["responseElements"]["user"]

    created = read(event_text(caller))

    assert isinstance(created, UserCreated)
    assert created.user.name == (name or recorded["userName"])
    assert created.user.path == (path or recorded["path"])
    assert created.user.user_id == recorded["userId"]


def test_tags_and_time(event_text: ReadText) -> None:
    """The tags and the time of the call are read."""
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
def test_ignored_calls(event_text: ReadText, event: str, reason: str) -> None:
    """A call that created no user in this account is ignored."""
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
def test_changed_user(event_text: ReadText, event: str, changed: UserChanged) -> None:
    """A changed user has the new name, and is flagged if the call detached the policy."""
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
def test_enforcement_change(event_text: ReadText, event: str) -> None:
    """A change of the policy or the group is a change of the enforcement."""
    assert read(event_text(event)) == EnforcementChanged()


@pytest.mark.parametrize("event", ["attach_user_policy_by_enforce", "add_user_to_group", "delete_user"])
def test_other_iam_calls(event_text: ReadText, event: str) -> None:
    """Calls that attach the policy or delete a user are ignored."""
    assert isinstance(read(event_text(event)), Ignored)


def test_caller_time_and_address(event_text: ReadText) -> None:
    """The caller, the time and the address are kept."""
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
def test_missing_field(event_text: ReadText, field: str) -> None:
    """A missing field is named."""
    event = without(json.loads(event_text("create_user_console")), field)

    with pytest.raises(MalformedEvent, match=f"{field}.*: expected (an object|text), found NoneType"):
        read(json.dumps(event))


@pytest.mark.parametrize("time", ["yesterday", "2026-11-24T09:15:02"])
def test_invalid_time(event_text: ReadText, time: str) -> None:
    """A value that is not a time, or has no zone, is refused."""
    event = json.loads(event_text("create_user_console"))
    event["detail"]["eventTime"] = time

    with pytest.raises(MalformedEvent, match="eventTime: expected"):
        read(json.dumps(event))


@pytest.mark.parametrize(
    ("field", "value"),
    [("userName", "AWS ROOT USER"), ("userName", "a" * 129), ("userId", "AIDA#1"), ("path", "/" * 1025)],
)
def test_impossible_user(event_text: ReadText, field: str, value: str) -> None:
    """A user with a name, an id or a path that IAM does not allow is refused with the name of the field."""
    event = json.loads(event_text("create_user_console"))
    event["detail"]["responseElements"]["user"][field] = value

    with pytest.raises(MalformedEvent, match=f"responseElements.user.{field}: expected "):
        read(json.dumps(event))


@pytest.mark.parametrize("event", ["detach_user_policy", "tag_user_exempt", "update_user_rename"])
def test_impossible_name(event_text: ReadText, event: str) -> None:
    """A changed user with a name that IAM does not allow is refused."""
    body = re.sub(r'("(?:newUserName|userName)": )"[a-z.]+"', r'\1"no name"', event_text(event))

    with pytest.raises(MalformedEvent, match=r"[uU]serName: expected the name of a user"):
        read(body)


@pytest.mark.parametrize("tag", [{"key": "team"}, {"key": "team", "value": None}, {"key": "team", "value": ""}])
def test_empty_tag(event_text: ReadText, tag: dict[str, str | None]) -> None:
    """A tag without a value has an empty value."""
    event = json.loads(event_text("create_user_console"))
    event["detail"]["requestParameters"]["tags"] = [tag]

    created = read(json.dumps(event))

    assert isinstance(created, UserCreated)
    assert created.user.tags == {"team": ""}


@pytest.mark.parametrize("tags", ["mfa-exempt", ["mfa-exempt"], {"mfa-exempt": "robot"}, 7])
def test_malformed_tags(event_text: ReadText, tags: object) -> None:
    """Tags of another shape are refused and not read as none."""
    event = json.loads(event_text("create_user_console"))
    event["detail"]["requestParameters"]["tags"] = tags

    with pytest.raises(MalformedEvent, match=r"requestParameters\.tags: expected a list of"):
        read(json.dumps(event))


@pytest.mark.parametrize("tag", [{}, {"key": None}, {"key": 7}, {"key": "team", "value": ["x"]}])
def test_malformed_tag_is_named(event_text: ReadText, tag: dict[str, object]) -> None:
    """A malformed tag is named by its place in the list."""
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
def test_any_other_body(body: str) -> None:
    """Any other body raises only MalformedEvent."""
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
def test_damaged_event(event_text: ReadText, field: str, value: object) -> None:
    """An event with one damaged field is read or refused, and raises no other error."""
    event = json.loads(event_text("create_user_console"))
    event["detail"][field] = value

    try:
        created = read(json.dumps(event))
    except MalformedEvent:
        return

    assert isinstance(created, Fact)


@pytest.mark.parametrize("name", ["create_login_profile", "update_login_profile"])
def test_password(event_text: ReadText, name: str) -> None:
    """A new password is read with its user."""
    assert read(event_text(name)) == PasswordSet("alice")
