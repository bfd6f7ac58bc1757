"""The plan, the outcome and the totals of a sweep over the whole account."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

from domain.enforcement.decision import (
    NO_FLAGS,
    Attach,
    Decision,
    Flags,
    LeaveAlone,
    Reason,
    Release,
    Rules,
    decide_enforcement,
)
from domain.exemptions import Exemption
from domain.users import NOT_COVERED, AccountUser, PolicyCoverage, User

# A deployment changes the policy some seconds before it gives the functions the number of the new version.
_DEPLOYMENT = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Exempted:
    """A user who is exempt, or was (`ended`). `denied_by` are groups that carry the policy and are not ours."""

    user: User
    exemption: Exemption
    ended: bool
    denied_by: frozenset[str] = frozenset()

    @property
    def user_name(self) -> str:
        """Return the user's name."""
        return self.user.name


@dataclass(slots=True)
class SweepPlan:
    """The users to act on, and how many users are left alone, by reason.

    Ops see the `exemptions` and the names of `older` users, so the plan has them too. `remember` are the ids of users
    who must be flagged as previously enforced: the policy is or will be attached to them, and they lack the flag.
    """

    attach: list[User] = field(default_factory=list)
    release: list[Release] = field(default_factory=list)
    left_alone: Counter[Reason] = field(default_factory=Counter)
    exemptions: list[Exempted] = field(default_factory=list)
    older: list[str] = field(default_factory=list)
    remember: list[str] = field(default_factory=list)

    def add(self, decision: Decision, coverage: PolicyCoverage = NOT_COVERED) -> None:
        """Add the decision about one user."""
        match decision:
            case Attach(user):
                self.attach.append(user)
            case Release(user, exemption):
                self.release.append(decision)
                self.exemptions.append(Exempted(user, exemption, ended=False, denied_by=coverage.other_groups))
            case LeaveAlone(user, reason, exemption):
                self.left_alone[reason] += 1
                if reason is Reason.OLDER:
                    self.older.append(user.name)
                if exemption is not None:
                    self.exemptions.append(Exempted(user, exemption, ended=False, denied_by=coverage.other_groups))


def plan_sweep(users: Iterable[AccountUser], rules: Rules, *, today: date, flags: Flags = NO_FLAGS) -> SweepPlan:
    """Decide about every user, one after the other."""
    plan = SweepPlan()
    for account_user in users:
        decision = decide_enforcement(account_user, rules, today=today, flags=flags)
        plan.add(decision, account_user.coverage)
        plan.exemptions.extend(_ended(account_user.user, rules, today))
        user_id = account_user.user.user_id
        # A due user stays due until the policy is attached: the mail that says so is planned by the same run.
        attaches = isinstance(decision, Attach) and user_id not in flags.due
        if user_id not in flags.previously_enforced and (account_user.coverage.detachable or attaches):
            plan.remember.append(user_id)
    return plan


def whose_day_has_come(
    users: Iterable[AccountUser], rules: Rules, *, today: date, local_today: date, flags: Flags = NO_FLAGS
) -> list[User]:
    """Return the existing users whose day has come (`local_today`, in its own zone) and who are not enforced."""
    decisions = (decide_enforcement(user, rules, today=today, flags=flags) for user in users)
    older = (each.user for each in decisions if isinstance(each, LeaveAlone) and each.reason is Reason.OLDER)
    return [user for user in older if (rules.dates.day_of(user) or date.max) <= local_today]


def _ended(user: User, rules: Rules, today: date) -> Iterator[Exempted]:
    tagged = rules.exemptions.tagged(user)
    if tagged is not None and tagged.until is not None and tagged.until < today:
        yield Exempted(user, tagged, ended=True)


@dataclass(slots=True)
class SweepOutcome:
    """The outcome of the plan.

    The next sweep retries the `failed`, which AWS refused, the user ids in `release_not_requested`, which were not
    sent to `release`, and the `not_attempted`, for which time ran out. From the users in `repeatedly_detached` the
    policy was detached more often today than ops allow.
    """

    attached: int = 0
    failed: int = 0
    release_not_requested: set[str] = field(default_factory=set)
    not_attempted: int = 0
    unenforceable: list[User] = field(default_factory=list)
    repeatedly_detached: list[User] = field(default_factory=list)
    newly_enforced: list[User] = field(default_factory=list)


class SweepEnd(StrEnum):
    """How a run of the sweep ends."""

    COMPLETE = "complete"
    CONTINUES = "another run takes up the users who are left"
    FAILED = "AWS refused something; Lambda runs the sweep again"
    UNFINISHED = "users are left for the next hour"


def decide_end(outcome: SweepOutcome, *, run: int, most_runs: int, dry_run: bool) -> SweepEnd:
    """Decide how the run with this number ends; a dry run attempts nothing and is complete."""
    if outcome.not_attempted and not dry_run and run < most_runs:
        return SweepEnd.CONTINUES
    if outcome.failed or outcome.release_not_requested:
        return SweepEnd.FAILED
    return SweepEnd.UNFINISHED if outcome.not_attempted and not dry_run else SweepEnd.COMPLETE


@dataclass(frozen=True, slots=True)
class SweepTotals:
    """The account after a sweep: every user who still exists counts in one of the four."""

    enforced: int
    exempt: dict[str, int]
    missing: dict[str, int]
    unenforceable: int


def totals_of(plan: SweepPlan, outcome: SweepOutcome) -> SweepTotals:
    """Count every user by the state after the sweep; exempt and missing users are counted by reason."""
    exempt = Counter(f"by-{exempted.exemption.by}" for exempted in plan.exemptions if not exempted.ended)
    missing = Counter(
        {
            Reason.OLDER.value: plan.left_alone[Reason.OLDER],
            Reason.BEING_DELETED.value: plan.left_alone[Reason.BEING_DELETED],
            "not-attached": outcome.failed + outcome.not_attempted,
        }
    )
    return SweepTotals(
        enforced=plan.left_alone[Reason.ENFORCED] + outcome.attached,
        exempt=dict(exempt),
        missing=dict(+missing),
        unenforceable=len(outcome.unenforceable),
    )


@dataclass(frozen=True, slots=True)
class ExemptionChanges:
    """The exemptions that were not published yet, and the ids of users whose published exemption is over."""

    new: Sequence[Exempted]
    over: AbstractSet[str]


def exemption_changes(exemptions: Iterable[Exempted], published: Mapping[str, str]) -> ExemptionChanges:
    """Compare a sweep's exemptions with the published ones, by user id; another reason or end also counts as new."""
    now = {exempted.user.user_id: exempted for exempted in exemptions if not exempted.ended}
    new = [exempted for user_id, exempted in now.items() if published.get(user_id) != exempted.exemption.summary]
    return ExemptionChanges(new, published.keys() - now.keys())


def drifted(version: str, deployed: str, changed: datetime, now: datetime) -> bool:
    """Return whether the policy in force is not the deployed one, unless a deployment may be under way."""
    return version != deployed and now - changed > _DEPLOYMENT
