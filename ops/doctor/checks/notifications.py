"""Checks of whether people can be mailed, and whether anybody of ops is told."""

from collections.abc import Iterator, Sequence
from functools import partial

from ops.doctor.commands import Commands, noted
from ops.doctor.facts import Deleted, Sending, Subscription, Unreadable
from ops.doctor.findings import Finding, failure, ok, warning
from ops.doctor.missing import missing
from ops.stacks import Stack


def sending(read: Sending | Unreadable | None, commands: Commands) -> Iterator[Finding]:
    """Say whether mail from the sender goes out."""
    match read:
        case Unreadable():
            yield from missing("Mail", [read], commands)
        case Sending():
            yield _state_of(read, Commands(read.region, commands.stack_name))
        case None:
            yield warning(
                "Mail",
                "SenderEmail is empty, so no mail goes to people; the digest to ops is all there is",
                commands.deploy("SenderEmail=mfa@example.com"),
            )


def _state_of(read: Sending, commands: Commands) -> Finding:
    if not read.enabled:
        return failure("Mail", f"SES has paused sending in {read.region}", commands.aws("sesv2 get-account"))
    if read.identity is None:
        return failure(
            "Mail",
            f"neither {read.sender} nor its domain is verified in {read.region}: every mail will be rejected",
            noted(commands.aws("sesv2 create-email-identity", email_identity=read.sender), "then confirm its mail"),
        )
    if not read.production:
        return warning(
            "Mail",
            f"SES in {read.region} is in the sandbox: only verified addresses get mail, 200 in a day",
            commands.aws(
                "sesv2 put-account-details",
                "--production-access-enabled",
                mail_type="TRANSACTIONAL",
                website_url="https://example.com",
            ),
        )
    return ok("Mail", f"{read.identity} is verified in {read.region}, outside the sandbox")


def subscriptions(
    stack: Stack, read: Sequence[Subscription] | Deleted | Unreadable, commands: Commands
) -> Iterator[Finding]:
    """Say whether alarms and the digest reach anybody."""
    if isinstance(read, Deleted | Unreadable):
        yield from missing("Ops topic", [read], commands, meaning=": ops are told nothing")
        return
    subscribe = partial(commands.aws, "sns subscribe", topic_arn=stack.part("OpsTopic").physical)
    for unconfirmed in (subscription for subscription in read if not subscription.confirmed):
        yield warning(
            "Ops topic",
            f"{unconfirmed.endpoint} has not confirmed the subscription, and gets nothing",
            noted(
                subscribe(protocol=unconfirmed.protocol, notification_endpoint=unconfirmed.endpoint),
                "sends the mail with the link again",
            ),
        )
    confirmed = sum(subscription.confirmed for subscription in read)
    if confirmed:
        yield ok("Ops topic", f"{confirmed} {'subscriber is' if confirmed == 1 else 'subscribers are'} told")
    elif not read:
        yield warning(
            "Ops topic",
            "nobody is subscribed: alarms ring unheard",
            subscribe(protocol="email", notification_endpoint="ops@example.com"),
        )
