"""The notices to ops about the enforcement: each says what happened and what to do."""

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from domain.api_call import ApiCall
from domain.enforcement.decision import Release
from domain.enforcement.sweep import Exempted
from domain.exemptions import Exemption
from domain.notice import Notice, Severity
from domain.text import counted, first, plain, wrapped
from domain.users import User

# A longer list in a mail helps nobody; the log has all names.
_MOST_NAMES = 50

_IF_MEANT = "No action is needed if this was intentional. Otherwise remove the exemption; the policy is then attached."
_GROUP_GONE = (
    "Its members are no longer enforced. The next sweep attaches the policy to each of them who has a free slot. "
    "Rename the group back, or create it again with that name."
)
_WHAT_TO_DO = {
    "DeletePolicy": (
        "New users can no longer be enforced. Deploy with another PolicyName, which creates the policy again, and with "
        "ExistingUsersSince at the day of the first deployment."
    ),
    "DetachGroupPolicy": "The next sweep attaches the policy to the group again. Check who may detach it, and why.",
    "DeleteGroup": _GROUP_GONE,
}


@dataclass(frozen=True, slots=True)
class GroupUpdate:
    """What an UpdateGroup call changed: the name of the group, its path, or both."""

    name: str
    new_name: str | None = None
    new_path: str | None = None


def enforcement_changed(call: ApiCall, policy_arn: str, version: str, update: GroupUpdate | None = None) -> Notice:
    """Report a change of the policy or the group outside CloudFormation; `version` is the deployed one."""
    text = wrapped("The MFA enforcement of this account was changed outside CloudFormation.")
    advice = _advice_on_group(update) if update else _advice_on(call.name, policy_arn, version)
    return Notice(
        "policy-changed",
        Severity.ALARM,
        f"The MFA enforcement was changed: {plain(call.name)}",
        f"{text}\n\n{_details(call)}\n\n{advice}\n",
    )


def _advice_on(call_name: str, policy_arn: str, version: str) -> str:
    if call_name in {"CreatePolicyVersion", "SetDefaultPolicyVersion"}:
        return _make_default_again(policy_arn, version)
    if call_name == "DeletePolicyVersion":
        return wrapped(
            f"No action is needed, unless the deleted version is {version} of {policy_arn}, the deployed one."
        )
    return wrapped(_WHAT_TO_DO.get(call_name, "Check whether this was intentional."))


def _advice_on_group(update: GroupUpdate) -> str:
    """Advise on an update, which keeps the group's members and policies ("UpdateGroup", IAM API Reference)."""
    if not update.new_name:
        return wrapped("The group keeps its name, its members and the policy. No action is needed.")
    advice = wrapped(
        "The group keeps its members and the policy, so its members are still denied. But the tool finds the group by "
        "its name, so it can no longer add users or remove exempt ones. If this was not intentional, rename it back:"
    )
    words = ("aws", "iam", "update-group", "--group-name", plain(update.new_name, 128))
    return f"{advice}\n\n{_command(*words, '--new-group-name', plain(update.name, 128))}"


def _make_default_again(policy_arn: str, version: str) -> str:
    advice = wrapped("If this was not intentional, make the deployed version the default again:")
    words = ("aws", "iam", "set-default-policy-version", "--policy-arn", policy_arn, "--version-id", plain(version))
    return f"{advice}\n\n{_command(*words)}\n\n{wrapped('Make intentional changes in the template.')}"


def _command(*words: str) -> str:
    """Return a command on a line of its own, ready to copy."""
    return f"  {shlex.join(words)}"


def policy_drifted(policy_arn: str, current: str, version: str) -> Notice:
    """Report that a sweep found a default version other than the deployed one."""
    text = wrapped(
        f"The default version of {policy_arn} is {current}; {version} was deployed. CloudTrail shows who changed it: "
        "look for CreatePolicyVersion and SetDefaultPolicyVersion."
    )
    advice = _make_default_again(policy_arn, version)
    return Notice(
        "policy-changed", Severity.ALARM, "The MFA enforcement policy is not what was deployed", f"{text}\n\n{advice}\n"
    )


def group_without_policy(group: str, *, repaired: bool) -> Notice:
    """Report that a sweep found the group without the policy, so that its members were not enforced."""
    text = wrapped(
        f"The group {plain(group, 128)} did not carry the enforcement policy, so its members were not enforced."
    )
    advice = wrapped(
        "The policy is attached to the group again. CloudTrail shows who detached it: look for DetachGroupPolicy."
        if repaired
        else f"The group is gone, or has no free slot. {_GROUP_GONE}"
    )
    return Notice(
        "policy-changed",
        Severity.WARNING if repaired else Severity.ALARM,
        "The enforcement group did not carry the policy",
        f"{text}\n\n{advice}\n",
    )


def unenforceable(users: Sequence[User]) -> Notice:
    """Report users that neither method can enforce."""
    lines = first((f"  {plain(user.name)}" for user in users), _MOST_NAMES)
    text = wrapped(
        "These users cannot be enforced: each has as many policies as IAM allows for a user, and cannot join the "
        "group, because the user is in as many groups as IAM allows or the group is gone. They are not enforced:"
    )
    advice = wrapped(
        "Detach a policy from each user, or remove the user from a group: a group's policies do not count against the "
        "user's quota. The next sweep then enforces them. This notice is repeated tomorrow."
    )
    return Notice(
        "unenforceable",
        Severity.ALARM,
        f"{counted(len(users), 'user', 'users')} cannot be enforced: quota full",
        "\n".join([text, "", *lines, "", advice, ""]),
    )


def reattachment_conflict(user: User, times: int, call: ApiCall) -> Notice:
    """Report that the policy is detached from a user again and again."""
    name = plain(user.name)
    text = wrapped(
        f"The policy was attached to {name} again {counted(times, 'time', 'times')} today, and was detached each time. "
        "It stays off until the next sweep, because a fight between two tools helps nobody. The last call was:"
    )
    advice = wrapped(
        "If one of your tools manages the user's attachments exclusively, add the policy there or exempt the user."
    )
    return Notice(
        "fought-over",
        Severity.ALARM,
        f"The policy is repeatedly detached from {name}",
        f"{text}\n\n{_details(call)}\n\n{advice}\n",
    )


def existing_users_enforced(users: Sequence[User]) -> Notice:
    """Report existing users whose day has come: they are enforced now."""
    lines = first((f"  {plain(user.name)}" for user in users), _MOST_NAMES)
    text = wrapped(
        "The day of these existing users has come, and the policy is attached to them. Users without MFA can only "
        "register a device until they sign in with it, and access keys work only with MFA:"
    )
    advice = wrapped(
        "If something stopped working that must not stop, exempt its user: the policy is detached within a few minutes."
    )
    return Notice(
        "existing-users-enforced",
        Severity.INFORMATION,
        f"{counted(len(users), 'existing user is', 'existing users are')} enforced from today",
        "\n".join([text, "", *lines, "", advice, ""]),
    )


def repeatedly_detached(users: Sequence[User]) -> Notice:
    """Report users that keep losing the policy; the sweep does not know who detaches it."""
    lines = first((f"  {plain(user.name)}" for user in users), _MOST_NAMES)
    text = wrapped(
        "The policy is repeatedly detached from these users. Today the sweep has attached it more often than "
        "MaxAttachmentsPerDay allows, and it continues every hour:"
    )
    advice = wrapped(
        "CloudTrail shows who detaches it: look for DetachUserPolicy and RemoveUserFromGroup. If one of your tools "
        "manages the attachments of these users exclusively, add the policy there or exempt the users."
    )
    return Notice(
        "fought-over",
        Severity.ALARM,
        f"The policy is repeatedly detached from {counted(len(users), 'user', 'users')}",
        "\n".join([text, "", *lines, "", advice, ""]),
    )


def exempted(user: User, exemption: Exemption, call: ApiCall) -> Notice:
    """Report that a call exempted a user."""
    text = wrapped(f"{_exempt(user, exemption)}. If the policy is attached to the user, it is detached now.")
    return Notice(
        "exempted",
        Severity.INFORMATION,
        f"{plain(user.name)} is now exempt from MFA",
        f"{text}\n\n{_details(call)}\n\n{wrapped(_IF_MEANT)}\n",
    )


def malformed_exemption(user: User, value: str, call: ApiCall) -> Notice:
    """Report a tag that exempts nobody, because its value looks like a day and is not a valid one."""
    text = wrapped(
        f"{plain(user.name)} is not exempt: {plain(value)!r} looks like a date and is not a valid one. "
        "Write the last day of an exemption as YYYY-MM-DD, or its reason in words."
    )
    return Notice(
        "exemption-malformed",
        Severity.WARNING,
        f"{plain(user.name)} is not exempt: the date in the tag cannot be read",
        f"{text}\n\n{_details(call)}\n",
    )


def exemptions_found(exemptions: Sequence[Release | Exempted]) -> Notice:
    """Report exempt users that were not published yet; the caller is not known."""
    lines = first((f"  {_exempt(exempt.user, exempt.exemption)}" for exempt in exemptions), _MOST_NAMES)
    text = wrapped("These users are exempt. If the policy is attached to one of them, it is detached now:")
    cause = wrapped(
        "No event shows who exempted them: they were exempt before the deployment, or the event was lost, or the "
        "stack's ExemptByTag, ExemptTagKey or ExemptPaths was changed. CloudTrail shows who did it: look for "
        "CreateUser, TagUser, UpdateUser, and UpdateStack or ExecuteChangeSet."
    )
    return Notice(
        "exempted",
        Severity.INFORMATION,
        f"{counted(len(exemptions), 'user is', 'users are')} now exempt from MFA",
        "\n".join([text, "", *lines, "", cause, "", wrapped(_IF_MEANT), ""]),
    )


def denied_though_exempt(exemptions: Sequence[Exempted]) -> Notice:
    """Report exempt users that are denied everything through a group that the tool does not change."""
    lines = first(_denied(exemptions), _MOST_NAMES)
    text = wrapped(
        "These users are exempt but are still denied everything, because they are members of a group that carries the "
        "enforcement policy and is not the stack's:"
    )
    advice = wrapped(
        "The tool does not change other groups. Remove the users from the group, or detach the policy from it; the "
        "stack's own group and attachments enforce all users who are not exempt. This notice is repeated tomorrow."
    )
    return Notice(
        "exempt-but-denied",
        Severity.ALARM,
        f"{counted(len(exemptions), 'exempt user is', 'exempt users are')} denied through another group",
        "\n".join([text, "", *lines, "", advice, ""]),
    )


def _denied(exemptions: Iterable[Exempted]) -> Iterable[str]:
    for exempt in exemptions:
        groups = ", ".join(plain(name, 128) for name in sorted(exempt.denied_by))
        yield f"  {plain(exempt.user_name)}, through {plain(groups, 300)}"


def detached_for_deletion(user: User, call: ApiCall) -> Notice:
    """Report that the policy is detached from a user so that the user can be deleted."""
    name = plain(user.name)
    text = wrapped(f"{name} could not be deleted because of the enforcement policy, which is detached for an hour:")
    advice = wrapped(
        "No action is needed if this was intentional: the next try succeeds. If the user still exists after the hour, "
        "the sweep attaches the policy again."
    )
    return Notice(
        "deletion",
        Severity.INFORMATION,
        f"Policy detached from {name} so that the user can be deleted",
        f"{text}\n\n{_details(call)}\n\n{advice}\n",
    )


def deletion_grace_exhausted(user: User, times: int, call: ApiCall) -> Notice:
    """Report that the policy stays attached although a deletion of the user failed."""
    name = plain(user.name)
    text = wrapped(
        f"The policy was detached from {name} {counted(times, 'time', 'times')} this week for a deletion, and the user "
        "still exists. Deletions that fail on purpose would keep the policy off, so it stays attached until the week "
        "is over. The last call was:"
    )
    advice = wrapped("Check who does this and why. To delete the user anyway, exempt the user first.")
    return Notice(
        "deletion",
        Severity.ALARM,
        f"Policy stays on {name}: too many failed deletions this week",
        f"{text}\n\n{_details(call)}\n\n{advice}\n",
    )


def detach_incomplete(
    names: Sequence[str], policy_arn: str, *, boundaries: Sequence[str] = (), readable: bool = True
) -> Notice:
    """Report what keeps the policy from being deleted with the stack.

    These are users, groups and roles with the policy still attached, and users and roles that have it as permissions
    boundary (`boundaries`). If not everything was `readable`, there may be more.
    """
    parts = [wrapped(f"The stack is being deleted, but {policy_arn} cannot be deleted until you do the following.")]
    if names:
        advice = wrapped("Detach the policy from these, or remove the users from the group. The log says what failed:")
        parts.append("\n".join([advice, "", *first((f"  {plain(name)}" for name in names), _MOST_NAMES)]))
    if boundaries:
        advice = wrapped(
            "The policy is the permissions boundary of these users and roles. Set another boundary or delete it, as "
            "their owners decide:"
        )
        parts.append("\n".join([advice, "", *first((f"  {plain(name)}" for name in boundaries), _MOST_NAMES)]))
    if not readable:
        parts.append(wrapped("Not everything could be read, so there may be more. The log says what failed."))
    parts.append(wrapped("Then delete the stack again."))
    return Notice(
        "release-incomplete",
        Severity.ALARM,
        f"The enforcement policy cannot be deleted: {len(names):,} attached, {len(boundaries):,} as a boundary",
        "\n\n".join(parts) + "\n",
    )


def _exempt(user: User, exemption: Exemption) -> str:
    end = "without an end" if exemption.until is None else f"until {exemption.until.isoformat()}"
    return f"{plain(user.name)} is exempt by {exemption.by} ({plain(exemption.reason)}), {end}"


def _details(call: ApiCall) -> str:
    return "\n".join(
        [
            f"What: {plain(call.name)}",
            f"Who:  {plain(call.caller, 300)}",
            f"When: {call.at:%Y-%m-%d %H:%M:%S} UTC",
            f"From: {plain(call.address)}",
        ]
    )
