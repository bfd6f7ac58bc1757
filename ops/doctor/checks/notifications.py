"""Checks whether users get mail, and whether ops get alarms and the digest."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from ops.doctor.checking import on_deployed_stack
from ops.doctor.commands import Commands, noted
from ops.doctor.facts import Deleted, Deployed, Sending, Unreadable
from ops.doctor.findings import Finding, failure, ok, warning
from ops.doctor.missing import missing


@on_deployed_stack
def sending(deployed: Deployed, commands: Commands) -> Iterator[Finding]:
    """Check that SES sends mail from the sender."""
    match deployed.sending:
        case Unreadable() as unreadable:
            yield from missing("Mail", [unreadable], commands)
        case Sending() as state:
            yield _ses(state, replace(commands, region=state.region))
        case None:
            yield warning(
                "Mail",
                "SenderEmail is empty, so users get no mail; ops get the digest",
                commands.deploy("SenderEmail=mfa@example.com"),
            )


def _ses(state: Sending, commands: Commands) -> Finding:
    if not state.enabled:
        return failure("Mail", f"SES has paused sending in {state.region}", commands.aws("sesv2 get-account"))
    if state.identity is None:
        return failure(
            "Mail",
            f"neither {state.sender} nor its domain is verified in {state.region}: SES rejects every mail",
            noted(
                commands.aws("sesv2 create-email-identity", email_identity=state.sender),
                "then follow the link in the mail from AWS",
            ),
        )
    if not state.production:
        return warning(
            "Mail",
            f"SES in {state.region} is in the sandbox: only verified addresses get mail, 200 in a day",
            commands.aws(
                "sesv2 put-account-details",
                "--production-access-enabled",
                mail_type="TRANSACTIONAL",
                website_url="https://example.com",
            ),
        )
    return ok("Mail", f"{state.identity} is verified in {state.region}, outside the sandbox")


@on_deployed_stack
def subscriptions(deployed: Deployed, commands: Commands) -> Iterator[Finding]:
    """Check that the ops topic has confirmed subscriptions."""
    subscriptions = deployed.subscriptions
    if isinstance(subscriptions, Deleted | Unreadable):
        yield from missing("Ops topic", [subscriptions], commands, consequence=": ops get no alarms and no digest")
        return
    subscribe = partial(commands.aws, "sns subscribe", topic_arn=deployed.stack.resource("OpsTopic").physical)
    for unconfirmed in (subscription for subscription in subscriptions if not subscription.confirmed):
        yield warning(
            "Ops topic",
            f"{unconfirmed.endpoint} has not confirmed the subscription, and gets nothing",
            noted(
                subscribe(protocol=unconfirmed.protocol, notification_endpoint=unconfirmed.endpoint),
                "sends the confirmation link again",
            ),
        )
    confirmed = sum(subscription.confirmed for subscription in subscriptions)
    if confirmed:
        yield ok("Ops topic", f"{confirmed} confirmed subscription{'' if confirmed == 1 else 's'}")
    elif not subscriptions:
        yield warning(
            "Ops topic",
            "nobody is subscribed, so nobody gets the alarms and the digest",
            subscribe(protocol="email", notification_endpoint="ops@example.com"),
        )
