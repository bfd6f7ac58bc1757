"""Reads which users have MFA: in bulk first, then the users that the bulk lists do not cover, one by one."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple, Self

from botocore.exceptions import BotoCoreError, ClientError

from aws.dynamodb.people_table import RememberedPeople
from aws.iam.credential_report import CredentialReports
from aws.iam.group import PolicyGroups
from aws.iam.mfa_devices import LoginProfiles, MfaDevices, VirtualMfaDevices
from aws.iam.users import UserDirectory
from domain.enrolment.readings import EnrolmentFacts
from domain.enrolment.snapshot import EnrolmentRules, missing_from_report

if TYPE_CHECKING:
    from datetime import datetime

    from aws.iam.account import GuardedAccount
    from domain.enrolment.devices import Devices
    from domain.enrolment.totals import RunTotals
    from domain.users import User

# Users created within the report's four hours take a call each. More of them wait for the next run.
_MOST_YOUNG = 100


class AccountReading(NamedTuple):
    """The facts, the totals of earlier runs, and what could not be read."""

    facts: EnrolmentFacts
    runs: "tuple[RunTotals, ...]"
    unreadable: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AccountReader:
    """Reads the account. Without a policy, `groups` is None."""

    PERMISSIONS = (
        *RememberedPeople.PERMISSIONS,
        *CredentialReports.PERMISSIONS,
        *UserDirectory.PERMISSIONS,
        *PolicyGroups.PERMISSIONS,
        *VirtualMfaDevices.PERMISSIONS,
        *MfaDevices.PERMISSIONS,
        *LoginProfiles.PERMISSIONS,
    )

    table: RememberedPeople
    reports: CredentialReports
    directory: UserDirectory
    groups: PolicyGroups | None
    group_name: str
    virtual_devices: VirtualMfaDevices
    devices: MfaDevices
    login_profiles: LoginProfiles

    @classmethod
    def of(cls, account: "GuardedAccount", table: RememberedPeople) -> Self:
        """Return the reader of one account."""
        return cls(
            table=table,
            reports=CredentialReports(account.iam),
            directory=UserDirectory(account),
            groups=PolicyGroups(account) if account.policy_arn else None,
            group_name=account.group_name,
            virtual_devices=VirtualMfaDevices(account.iam),
            devices=MfaDevices(account.iam),
            login_profiles=LoginProfiles(account.iam),
        )

    def read(self, rules: EnrolmentRules, now: "datetime", has_time: Callable[[], bool]) -> AccountReading:
        """Read all users in bulk. The report comes first, so that everything else is more recent."""
        remembered = self.table.read()
        # DynamoDB deletes expired items within days only.
        runs = tuple(run for run in remembered.runs if run.expires is None or run.expires > now.timestamp())
        carrying = self.groups.names() if self.groups else frozenset()
        facts = EnrolmentFacts(
            report=self.reports.fetch(),
            users=list(self.directory.users(carrying - {self.group_name})),
            devices=self.virtual_devices.owners(),
            records=remembered.people,
            last_run=runs[-1].at.astimezone(now.tzinfo).date() if runs else None,
            group_enforces=self.group_name in carrying,
        )
        young = list(islice(missing_from_report(facts, rules, now.date()), _MOST_YOUNG))
        passwords, devices = self._look_up(young, has_time)
        unreadable = (*(facts.report.unreadable if facts.report else ()), *remembered.unreadable)
        return AccountReading(replace(facts.with_devices(devices), passwords=passwords), runs, unreadable)

    def _look_up(
        self, users: "Iterable[User]", has_time: Callable[[], bool]
    ) -> "tuple[Mapping[str, bool], Mapping[str, Devices | None]]":
        """Return by user id whether users have a password, and the devices of users with one.

        A user who cannot be looked up stays unknown until the next run.
        """
        passwords: dict[str, bool] = {}
        devices: dict[str, Devices | None] = {}
        for user in users:
            if not has_time():
                break
            try:
                has_password = self.login_profiles.has_password(user.name)
                if has_password:
                    devices[user.user_id] = self.devices.of(user.name)
                passwords[user.user_id] = has_password
            except (ClientError, BotoCoreError):
                continue
        return passwords, devices
