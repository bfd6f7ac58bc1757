"""Every command that we show exists, and does what the text says."""

import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape
from pathlib import Path

import pytest
from botocore.exceptions import EndpointConnectionError, NoCredentialsError, ProfileNotFound

from domain.account import Account
from domain.api_call import ApiCall
from domain.enforcement.decision import Release
from domain.enforcement.sweep import Exempted
from domain.exemptions import ExemptBy, Exemption
from domain.mail.decision import Mail
from domain.mail.ses_status import NoSending, SendingState
from domain.notice import Notice
from domain.users import User
from local import mails
from local.cloud import Cloud
from local.playground import how_to_play
from local.stack import Stack
from notify.rendering import render
from ops.doctor import __main__ as doctor
from reports import enforcement_notices as notices
from tests.commands import NoCommand, check_all, rest_of_name
from tests.commands.documents import DOCUMENTS, ROOT, names_in, scripts_of
from tests.commands.texts import InProse, commands_of
from tests.commands.texts import names_in as names_in_text
from tests.template import Template
from tests.unit.reports.test_digest_days import DatedAccount as DatedPeople

ARN = "arn:aws:iam::111122223333:policy/mfa-enforcer/mfa-control"
AT = datetime(2026, 11, 24, 9, 15, tzinfo=UTC)
USER = User("alice", "AIDAALICE", "/", {}, AT)
EXEMPTION = Exemption(ExemptBy.TAG, "OPS-4711")
TAGGED = ApiCall("TagUser", "jane", AT, "203.0.113.24", "id")
WATCHED = ("CreatePolicyVersion", "SetDefaultPolicyVersion", "DeletePolicyVersion", "DeletePolicy")
WATCHED_GROUP = ("DetachGroupPolicy", "DeleteGroup")
NOTICES: dict[str, list[Notice]] = {
    "enforcement_changed": [
        *(notices.enforcement_changed(replace(TAGGED, name=name), ARN, "v1") for name in (*WATCHED, *WATCHED_GROUP)),
        *(
            notices.enforcement_changed(replace(TAGGED, name="UpdateGroup"), ARN, "v1", update)
            for update in (
                notices.GroupUpdate("mfa-enforcer-EnforcementGroup-1A2B3C", "mine"),
                notices.GroupUpdate("mfa-enforcer-EnforcementGroup-1A2B3C", None, "/elsewhere/"),
            )
        ),
    ],
    "policy_drifted": [notices.policy_drifted(ARN, "v4", "v1")],
    "group_without_policy": [notices.group_without_policy("group", repaired=repaired) for repaired in (True, False)],
    "unenforceable": [notices.unenforceable([USER])],
    "reattachment_conflict": [notices.reattachment_conflict(USER, 3, TAGGED)],
    "existing_users_enforced": [notices.existing_users_enforced([USER])],
    "repeatedly_detached": [notices.repeatedly_detached([USER])],
    "exempted": [notices.exempted(USER, EXEMPTION, TAGGED)],
    "malformed_exemption": [notices.malformed_exemption(USER, "2026-11-31", TAGGED)],
    "exemptions_found": [notices.exemptions_found([Release(USER, EXEMPTION)])],
    "denied_though_exempt": [
        notices.denied_though_exempt([Exempted(USER, EXEMPTION, ended=False, denied_by=frozenset({"group"}))])
    ],
    "detached_for_deletion": [notices.detached_for_deletion(USER, TAGGED)],
    "deletion_grace_exhausted": [notices.deletion_grace_exhausted(USER, 3, TAGGED)],
    "detach_incomplete": [notices.detach_incomplete(["alice"], ARN, boundaries=["bob"], readable=False)],
}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_documents(document: Path) -> None:
    """Every command of the documents exists."""
    for script in scripts_of(document):
        check_all(script)
    for name in names_in(document):
        assert rest_of_name(name) == [], name


@pytest.mark.parametrize(
    ("name", "mail"), list(mails.samples()), ids=lambda each: each if isinstance(each, str) else ""
)
def test_mails(name: str, mail: Mail) -> None:
    """Every command in a mail exists, has a line of its own, and is the same in both layouts."""
    rendered = render(mail, Account("aws", "111122223333", "example-corp"), "cloud-team@example.com")
    copied = unescape("\n\n".join(re.findall(r"<pre[^>]*>(.*?)</pre>", rendered.html, re.DOTALL)))

    commands = list(commands_of(rendered.text))

    assert commands == list(commands_of(copied))
    assert bool(commands) == name.startswith(
        ("enrolled", "announcement-en", "announcement-ja", "enforced-en", "enforced-ja")
    )
    for command in commands:
        check_all(command)


@pytest.mark.parametrize("function", NOTICES)
def test_notices(function: str) -> None:
    """Every command in a notice to ops exists, and has a line of its own."""
    for notice in NOTICES[function]:
        for command in commands_of(notice.text):
            assert check_all(command)


def test_notices_are_complete() -> None:
    """No kind of notice is missing above."""
    functions = inspect.getmembers(notices, inspect.isfunction)
    published = {name for name, function in functions if function.__annotations__.get("return") in {Notice, "Notice"}}

    assert NOTICES.keys() == published
    assert sum(1 for samples in NOTICES.values() for notice in samples for _ in commands_of(notice.text)) == 4


@pytest.mark.parametrize(
    "sending",
    [
        *NoSending,
        SendingState(verified=False, production=True, enabled=True, most_per_day=200, sent_today=0),
        SendingState(verified=True, production=False, enabled=True, most_per_day=200, sent_today=0),
        SendingState(verified=True, production=True, enabled=False, most_per_day=200, sent_today=0),
        SendingState(verified=True, production=True, enabled=True, most_per_day=200, sent_today=200),
    ],
)
def test_digest(sending: SendingState | NoSending) -> None:
    """Every command in the digest exists, and has a line of its own."""
    people = DatedPeople()
    people.existing("dave", tags={})
    people.unenrolled("alice", days=20, reminders=5)
    people.person("bob", {"mfa-exempt": "2026-11-31"}, password=False)
    people.person("carol", {"mfa-exempt": "2027-01-31 OPS-4711"})
    for name in ("erin", "-x", "+=,.@-_"):
        people.person(name, {"mfa-exempt": "2026-11-27 OPS = 夜間"})

    commands = list(commands_of(people.digest(sending=sending).text))

    assert len(commands) >= 3
    for command in commands:
        assert check_all(command)


def test_template() -> None:
    """Every command in the template exists: in alarms, outputs, parameters and rules."""
    named = [name for text in described(Template().source) for name in names_in_text(text)]

    assert named
    for name in named:
        assert rest_of_name(name) is not None, name


def described(node: object, key: str = "") -> Iterator[str]:
    """Yield the texts of the template that people read."""
    if isinstance(node, Mapping):
        for name, value in node.items():
            yield from described(value, name)
    elif isinstance(node, list):
        for value in node:
            yield from described(value, key)
    elif key.endswith("Description") or key in {"default", "title", "markdown"}:
        yield str(node)


@pytest.mark.parametrize(
    "error",
    [
        ProfileNotFound(profile="ops"),
        EndpointConnectionError(endpoint_url="https://iam.amazonaws.com"),
        NoCredentialsError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_doctor_without_answer(
    error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The commands that the doctor names if AWS does not answer exist; test_doctor_checks has the others."""

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(doctor, "gather", fail)

    assert doctor.main([]) == 2
    for name in names_in_text(capsys.readouterr().err):
        assert rest_of_name(name) is not None, name


def test_playground(tmp_path: Path) -> None:
    """Every command that `make local` prints exists."""
    text = how_to_play(Stack(Cloud(4566, tmp_path), "mfa-enforcer"), ARN)
    script = "\n".join(line for line in text.splitlines() if line.startswith("  "))

    programs = [call[0] for call in check_all(script)]

    assert programs.count("aws") == 7
    assert programs.count("sam") == 2


@pytest.mark.parametrize(
    "text",
    [
        "Run aws iam list-users and see.",
        "aws iam list-users.",
        "Run this:\naws iam list-users",
        "aws iam list-users\n--max-items 20",
        "aws iam list-users aws iam list-roles",
        "次のコマンド aws login を実行します",
    ],
)
def test_commands_in_prose(text: str) -> None:
    """A command that cannot be copied as a line is reported."""
    with pytest.raises(InProse):
        list(commands_of(f"Hello,\n\n{text}\n\nBye."))


def test_words_like_commands() -> None:
    """Other words are not mistaken for commands."""
    assert list(commands_of("Make the deployed version the default; make users of aws-cli happy.")) == []


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("aws iam tag-users --user-name robot", "Invalid choice"),
        ("aws iam tag-user --user-name robot", "--tags"),
        ("aws iam tag-user --user-name robot --tags Key=a,Value='keys, ticket'", "Invalid type"),
        ("aws iam tag-user --user-name robot --tags Key=a,Value='ticket #4711'", "tagValueType"),
        ("aws iam create-user --user-name 'two words'", "userNameType"),
        ("aws iam list-users --query 'Users[?'", "--query"),
        ("aws cloudformation create-change-set --stack-name a --change-set-name b --deployment-mode DRIFT", "none of"),
        ("aws cloudformation describe-stacks --query \"Stacks[0].Outputs[?OutputKey=='Queue']\"", "no Queue"),
        ("aws cloudformation continue-update-rollback --stack-name a --resources-to-skip Nobody", "no Nobody"),
        ("aws cloudformation wait change-set-done --stack-name a", "Invalid choice"),
        ("aws s3 ls --recurse s3://bucket/", "--recurse"),
        ("aws configure mfa-login --serial GAHT12345678", "--serial"),
        ("aws logs filter-log-events --log-group-name enforce --max-items 20", "oldest"),
        ("sam redeploy", "No such command"),
        ("sam deploy --override DryRun=true", "No such option"),
        ("sam deploy --parameter-overrides DryRuns=true", "no DryRuns"),
        ("sam deploy --parameter-overrides DryRun=perhaps", "no DryRun"),
        ("sam remote invoke Reconcile --event '{}'", "no function"),
        ('sam remote invoke ReconcileFunction --event \'{"action": "reconcile"}\'', "InvocationType=Event"),
        ("sam remote invoke ReleaseFunction --event-file events/release_batch_of_two.json", "InvocationType=Event"),
        ("sam remote invoke ReconcileFunction --parameter InvocationType=Event --event '{}'", "no schedule"),
        ("sam remote invoke EnforceFunction --event-file events/create_user_root.json", "cannot read"),
        ("sam remote invoke EnforceFunction --event-file events/none.json", "No such file"),
        ("sam remote invoke EnforceFunction --parameter Invocation=Event", "no Invocation"),
        ("sam logs --name Enforce --tail", "no function"),
        ("make doctors", "no doctors"),
        ("make doctor STACKS=mfa-enforcer", "no STACKS"),
        ('aws iam get-user --user-name "$WHO"', "unbound variable"),
        ("outputs PolicyArn", "not found: outputs"),
        ("aws iam list-users | (", "syntax error"),
    ],
)
def test_wrong_commands(script: str, reason: str) -> None:
    """A command that its program would refuse, or that would do something else, is reported."""
    with pytest.raises(NoCommand, match=reason):
        check_all(script)
