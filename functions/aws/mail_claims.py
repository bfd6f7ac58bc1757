"""Who sends which mail: a claim in the people table, made before sending, that only one can make."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from domain.feedback import AddressTrouble
from domain.mails import Mail, Step

if TYPE_CHECKING:
    from datetime import datetime

    from mypy_boto3_dynamodb import DynamoDBClient

    from aws.people_items import Item

_KNOWN = "attribute_exists(user_id)"
_ONE, _LESS = {"N": "1"}, {"N": "-1"}


@dataclass(frozen=True, slots=True)
class Claim:
    """A mail that is ours to send. `before` is the person's item as it was before the claim."""

    mail: Mail
    before: "Item"


@dataclass(slots=True)
class _Update:
    """An update expression as it grows: the parts of each clause, and the values they name."""

    clauses: dict[str, list[str]] = field(default_factory=dict)
    values: "Item" = field(default_factory=dict)

    def add(self, clause: str, part: str, **values: object) -> "_Update":
        self.clauses.setdefault(clause, []).append(part)
        self.values.update({f":{name}": value for name, value in values.items()})  # type: ignore[misc]  # typed values
        return self

    @property
    def expression(self) -> str:
        return " ".join(f"{clause} {', '.join(parts)}" for clause, parts in self.clauses.items())


class MailClaims:
    """Claims mails. Whoever crashes after the claim leaves it: a mail may then be missing, and none is ever doubled."""

    PERMISSIONS = ("dynamodb:UpdateItem",)

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def claim(self, mail: Mail, at: "datetime") -> Claim | None:
        """Claim a mail, or return None: it was claimed before, or is a reminder that things have overtaken.

        A reminder must still be the next one since the day without MFA that it counts from. So the person has not
        enrolled meanwhile as far as the table knows, and of two that waited in the queue only one goes out.
        """
        update = _Update().add("ADD", "causes :cause", cause={"SS": [mail.cause]})
        # The set to add is no member to look for.
        update.values[":text"] = {"S": mail.cause}
        condition = "NOT contains(causes, :text)"
        if mail.step is None:
            update.add("SET", "user_name = if_not_exists(user_name, :name)", name={"S": mail.user_name})
        else:
            update.add("SET", "last_reminded = :at", at={"S": at.isoformat()}).add("ADD", "reminders :one", one=_ONE)
            condition = f"{condition} AND {_is_next(mail.step, update)}"
        before = self._update(mail.user_id, update, condition)
        return None if before is None else Claim(mail, before)

    def release(self, claim: Claim) -> None:
        """Take a claim back, for another try: the mail has certainly not been sent."""
        update = _counted_back(claim).add("DELETE", "causes :cause", cause={"SS": [claim.mail.cause]})
        self._update(claim.mail.user_id, update, _KNOWN)

    def refuse(self, claim: Claim, reason: str) -> None:
        """Remember that SES refuses the address. The cause stays claimed, but no reminder has reached the person."""
        trouble = AddressTrouble(claim.mail.user_id, claim.mail.to, reason)
        self._update(claim.mail.user_id, _troubled(trouble, _counted_back(claim)), _KNOWN)

    def remember(self, trouble: AddressTrouble) -> bool:
        """Remember that mail did not reach an address; return False for a person whom the table does not know."""
        found = self._update(trouble.user_id, _troubled(trouble, _Update()), _KNOWN)
        return found is not None

    def sent(self, claim: Claim) -> None:
        """Forget what was wrong with the address: SES has taken a mail to it, and would tell of a bounce anew."""
        if "address_trouble" in claim.before:
            update = _Update().add("REMOVE", "address_trouble, address_trouble_of")
            self._update(claim.mail.user_id, update, _KNOWN)

    def _update(self, user_id: str, update: _Update, condition: str) -> "Item | None":
        """Return the item as it was, or None where the condition does not hold."""
        values = {"ExpressionAttributeValues": update.values} if update.values else {}
        try:
            answer = self._client.update_item(
                TableName=self._table,
                Key={"user_id": {"S": user_id}},
                UpdateExpression=update.expression,
                ConditionExpression=condition,
                ReturnValues="ALL_OLD",
                **values,  # type: ignore[arg-type]  # DynamoDB refuses an empty map
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return None
        return answer.get("Attributes", {})


def _is_next(step: Step, update: _Update) -> str:
    """Return the condition that a reminder is still the next one."""
    update.values[":since"] = {"S": step.unenrolled_since.isoformat()}
    update.values[":earlier"] = {"N": str(step.number - 1)}
    none_before = " OR attribute_not_exists(reminders)" if step.number == 1 else ""
    return f"unenrolled_since = :since AND (reminders = :earlier{none_before})"


def _counted_back(claim: Claim) -> _Update:
    """Return the update that undoes what a claim counted; the other kinds count nothing."""
    update = _Update()
    if claim.mail.step is None:
        return update
    update.add("ADD", "reminders :less", less=_LESS)
    if "last_reminded" in claim.before:
        return update.add("SET", "last_reminded = :then", then=claim.before["last_reminded"])
    return update.add("REMOVE", "last_reminded")


def _troubled(trouble: AddressTrouble, update: _Update) -> _Update:
    return update.add(
        "SET",
        "address_trouble = :reason, address_trouble_of = :address",
        reason={"S": trouble.reason},
        address={"S": trouble.address},
    )
