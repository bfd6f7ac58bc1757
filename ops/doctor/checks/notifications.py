"""Checks of whether people can be mailed, and whether anybody of ops is told."""

from collections.abc import Iterator
from functools import partial

from ops.doctor.checking import on_deployed_stack
from ops.doctor.commands import Commands, noted
from ops.doctor.facts import Deleted, Deployed, Sending, Unreadable
from ops.doctor.findings import Finding, failure, ok, warning
from ops.doctor.missing import missing


@on_deployed_stack
def sending(deployed: Deployed, commands: Commands) -> Iterator[Finding]:
    """Say whether mail from the sender goes out."""
    match deployed.sending:
        case Unreadable() as unreadable:
            yield from missing("Mail", [unreadable], commands)
        case Sending() as state:
            yield _state_of(state, Commands(state.region, commands.stack_name))
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


@on_deployed_stack
def subscriptions(deployed: Deployed, commands: Commands) -> Iterator[Finding]:
    """Say whether alarms and the digest reach anybody."""
    subscribed = deployed.subscriptions
    if isinstance(subscribed, Deleted | Unreadable):
        yield from missing("Ops topic", [subscribed], commands, meaning=": ops are told nothing")
        return
    subscribe = partial(commands.aws, "sns subscribe", topic_arn=deployed.stack.part("OpsTopic").physical)
    for unconfirmed in (subscription for subscription in subscribed if not subscription.confirmed):
        yield warning(
            "Ops topic",
            f"{unconfirmed.endpoint} has not confirmed the subscription, and gets nothing",
            noted(
                subscribe(protocol=unconfirmed.protocol, notification_endpoint=unconfirmed.endpoint),
                "sends the mail with the link again",
            ),
        )
    confirmed = sum(subscription.confirmed for subscription in subscribed)
    if confirmed:
        yield ok("Ops topic", f"{confirmed} {'subscriber is' if confirmed == 1 else 'subscribers are'} told")
    elif not subscribed:
        yield warning(
            "Ops topic",
            "nobody is subscribed: alarms ring unheard",
            subscribe(protocol="email", notification_endpoint="ops@example.com"),
        )
