"""Claims in the people table: a claim is made before a mail is sent, and only one sender can make it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

from aws.dynamodb.update_expression import Update
from domain.enrolment.record import is_retry
from domain.mail.decision import Mail, Step
from domain.mail.delivery_failures import AddressFailure

if TYPE_CHECKING:
    from datetime import datetime

    from aws.dynamodb.people_items import Item
    from aws.dynamodb.table import Table

_KNOWN = "attribute_exists(user_id)"


@dataclass(frozen=True, slots=True)
class Claim:
    """A mail that is ours to send. `item` is the person's item at the time of the claim."""

    mail: Mail
    item: "Item"


class MailClaims:
    """Claims mails, and remembers their outcome.

    A crash after the claim leaves it unconfirmed: that mail may be missing, but no mail is sent twice. Every write is
    idempotent, because botocore repeats a write whose response was lost.
    """

    PERMISSIONS = ("dynamodb:UpdateItem",)

    def __init__(self, table: "Table") -> None:
        self._client = table.client
        self._table = table

    def claim(self, mail: Mail) -> Claim | None:
        """Claim a mail, or return None if it was claimed before or is a reminder that is out of date.

        A reminder must still be the next one since the day without MFA that it counts from. So the table knows of no
        enrolment meanwhile, and only one of two reminders that waited in the queue is sent.
        """
        token = uuid4().hex
        update = Update().put_into("causes", {"SS": [mail.cause]}).set("claim_token", {"S": token})
        # `contains` takes a string, not the string set that ADD takes, hence the second placeholder.
        condition = f"NOT contains(causes, {update.value('cause', {'S': mail.cause})})"
        if mail.step is None:
            # The person's item may not exist yet.
            update.set_if_missing("user_name", {"S": mail.user_name})
            update.set_if_missing("account", self._table.account_value)
        else:
            update.set("reminders", {"N": str(mail.step.number)}).set("claimed_on", {"S": mail.step.day.isoformat()})
            condition = f"{condition} AND {_is_next(mail.step, update)}"
            if is_retry(mail.cause):
                # The first try may have been confirmed after the run planned this retry.
                condition = f"{condition} AND attribute_exists(claimed_on)"
        try:
            return Claim(mail, self._write(mail.user_id, update, condition))
        except self._client.exceptions.ConditionalCheckFailedException as error:
            # Our own first request may have made the claim, and only its response was lost.
            found: Item = error.response.get("Item", {})  # type: ignore[assignment]  # untyped in botocore's stubs
            return Claim(mail, found) if found.get("claim_token") == {"S": token} else None

    def release(self, claim: Claim) -> None:
        """Release the claim for a retry: the mail has certainly not been sent."""
        self._update(claim.mail.user_id, _undone(claim).take_from("causes", {"SS": [claim.mail.cause]}))

    def refuse(self, claim: Claim, reason: str) -> None:
        """Remember that SES refuses the address. The cause stays claimed, but the reminder does not count."""
        trouble = AddressFailure(claim.mail.user_id, claim.mail.to, reason)
        self._update(claim.mail.user_id, _troubled(trouble, _undone(claim)))

    def remember(self, trouble: AddressFailure) -> bool:
        """Remember that mail did not reach an address; return False if the table does not have the person."""
        return self._update(trouble.user_id, _troubled(trouble, Update()))

    def confirm(self, claim: Claim, at: "datetime") -> None:
        """Remember that SES accepted the mail, and clear the address's failure; SES would report it again."""
        update = Update()
        if claim.mail.step is not None:
            update.set("last_reminded", {"S": at.isoformat()}).remove("claimed_on", "claim_token")
        if claim.mail.announcement is not None:
            update.set("announced_day", {"S": claim.mail.announcement.day.isoformat()})
            update.set("announced_since", {"S": claim.mail.announcement.since.isoformat()})
        if "address_trouble" in claim.item:
            update.remove("address_trouble", "address_trouble_of")
        if update:
            self._update(claim.mail.user_id, update)

    def _update(self, user_id: str, update: Update) -> bool:
        """Write; return False if the table does not have the person."""
        try:
            self._write(user_id, update, _KNOWN)
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def _write(self, user_id: str, update: Update, condition: str) -> "Item":
        """Write if the condition is met, and return the item as it was."""
        answer = self._client.update_item(
            TableName=self._table.name,
            Key={"user_id": {"S": user_id}},
            ConditionExpression=condition,
            ReturnValues="ALL_OLD",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
            **update.arguments,
        )
        return answer.get("Attributes", {})


def _is_next(step: Step, update: Update) -> str:
    """Return the condition that a reminder is still the next one."""
    since = update.value("since", {"S": step.unenrolled_since.isoformat()})
    earlier = update.value("earlier", {"N": str(step.number - 1)})
    none_before = " OR attribute_not_exists(reminders)" if step.number == 1 else ""
    return f"unenrolled_since = {since} AND (reminders = {earlier}{none_before})"


def _undone(claim: Claim) -> Update:
    """Return the update that undoes what a reminder's claim counted; other kinds count nothing."""
    update, step = Update().remove("claim_token"), claim.mail.step
    return update if step is None else update.remove("claimed_on").set("reminders", {"N": str(step.number - 1)})


def _troubled(trouble: AddressFailure, update: Update) -> Update:
    return update.set("address_trouble", {"S": trouble.reason}).set("address_trouble_of", {"S": trouble.address})
