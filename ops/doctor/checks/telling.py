"""Checks of whether people can be mailed, and whether anybody of ops is told."""

from collections.abc import Iterator, Sequence

from ops.doctor.checks.unreadable import unreadable
from ops.doctor.facts import Sending, Subscription, Unreadable
from ops.doctor.findings import Finding, failure, ok, warning
from ops.stacks import Stack


def sending(stack: Stack, read: Sending | Unreadable | None) -> Iterator[Finding]:
    """Say whether mail from the sender goes out."""
    match read:
        case Unreadable():
            yield unreadable("Mail", read)
        case Sending():
            yield _state_of(read)
        case None:
            yield warning(
                "Mail",
                "SenderEmail is empty, so no mail goes to people; the digest to ops is all there is",
                f"sam deploy --stack-name {stack.name} --parameter-overrides SenderEmail=mfa@example.com",
            )


def _state_of(read: Sending) -> Finding:
    where = f"--region {read.region}"
    if not read.enabled:
        return failure("Mail", f"SES has paused sending in {read.region}", f"aws sesv2 get-account {where}")
    if read.identity is None:
        return failure(
            "Mail",
            f"neither {read.sender} nor its domain is verified in {read.region}: every mail will be rejected",
            f"aws sesv2 create-email-identity {where} --email-identity {read.sender}  # then confirm its mail",
        )
    if not read.production:
        return warning(
            "Mail",
            f"SES in {read.region} is in the sandbox: only verified addresses get mail, 200 in a day",
            f"aws sesv2 put-account-details {where} --production-access-enabled --mail-type TRANSACTIONAL"
            " --website-url https://example.com",
        )
    return ok("Mail", f"{read.identity} is verified in {read.region}, outside the sandbox")


def subscriptions(stack: Stack, read: Sequence[Subscription] | Unreadable) -> Iterator[Finding]:
    """Say whether alarms and the digest reach anybody."""
    topic = stack.physical.get("OpsTopic", "")
    if isinstance(read, Unreadable):
        yield unreadable("Ops topic", read)
        return
    for unconfirmed in (subscription for subscription in read if not subscription.confirmed):
        yield warning(
            "Ops topic",
            f"{unconfirmed.endpoint} has not confirmed the subscription, and gets nothing",
            f"aws sns subscribe --topic-arn {topic} --protocol {unconfirmed.protocol}"
            f" --notification-endpoint {unconfirmed.endpoint}  # sends the mail with the link again",
        )
    confirmed = sum(subscription.confirmed for subscription in read)
    if confirmed:
        yield ok("Ops topic", f"{confirmed} {'subscriber is' if confirmed == 1 else 'subscribers are'} told")
    elif not read:
        yield warning(
            "Ops topic",
            "nobody is subscribed: alarms ring unheard",
            f"aws sns subscribe --topic-arn {topic} --protocol email --notification-endpoint ops@example.com",
        )
