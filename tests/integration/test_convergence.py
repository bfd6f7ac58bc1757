"""After any changes to an account and any luck with its events, the next sweep enforces exactly the right users."""

from typing import TYPE_CHECKING

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests.integration.deployment import GROUP
from tests.integration.world import POLICY, World, covered

if TYPE_CHECKING:
    from mypy_boto3_iam.type_defs import UserTypeDef

EVERYBODY = ("alice", "bob", "full-carol", "full-dave", "stuck-erin")
# Users are renamed to names that are free at first, and to those of users who were deleted.
NAMES = st.sampled_from([*EVERYBODY, "zoe", "full-zoe"])
TAGS = st.sampled_from(["", "", "robot", "2000-01-01", "2999-12-31"])
PATHS = st.sampled_from(["/", "/", "/service/", "/people/"])
# None: no crash. Few functions make more than six calls.
CRASHES = st.none() | st.integers(0, 6)


class Account(RuleBasedStateMachine):
    """Random people, random changes, and random luck with events and functions."""

    @initialize(data=st.data())
    def begin(self, data: st.DataObject) -> None:
        self.world = World()
        for name in EVERYBODY:
            self.world.create(name, data.draw(PATHS), data.draw(TAGS), older=data.draw(st.booleans()))
            for by_group in data.draw(st.sets(st.booleans())):
                self.somebody_is_enforced_by_hand(name, by_group)

    def _exists(self, name: str) -> bool:
        return name in self.world.snapshot()

    @rule(name=NAMES, path=PATHS, tag=TAGS, older=st.booleans())
    def somebody_comes(self, name: str, path: str, tag: str, older: bool) -> None:
        if not self._exists(name):
            self.world.create(name, path, tag, older=older)

    @rule(name=NAMES)
    def somebody_goes(self, name: str) -> None:
        if self._exists(name):
            self.world.delete(name)

    @rule(name=NAMES, path=PATHS, tag=TAGS, older=st.booleans())
    def somebody_is_created_again(self, name: str, path: str, tag: str, older: bool) -> None:
        if self._exists(name):
            self.world.delete(name)
            self.world.create(name, path, tag, older=older)

    @rule(old=NAMES, new=NAMES, path=st.none() | PATHS)
    def somebody_is_renamed(self, old: str, new: str, path: str | None) -> None:
        if self._exists(old) and not self._exists(new) and old.startswith("stuck") == new.startswith("stuck"):
            moved = {} if path is None else {"NewPath": path}
            self.world.iam.update_user(UserName=old, NewUserName=new, **moved)

    @rule(name=NAMES, tag=TAGS, key=st.sampled_from(["mfa-exempt", "MFA-Exempt"]))
    def an_exemption_changes(self, name: str, tag: str, key: str) -> None:
        if not self._exists(name):
            return
        if tag:
            self.world.iam.tag_user(UserName=name, Tags=[{"Key": key, "Value": tag}])
            self.world.record("tag_user_exempt", name, tags=[{"key": key, "value": tag}])
        else:
            self.world.iam.untag_user(UserName=name, TagKeys=["mfa-exempt", "MFA-Exempt"])
            self.world.record("untag_user_exempt", name)

    @rule(name=NAMES, path=PATHS)
    def somebody_moves(self, name: str, path: str) -> None:
        if self._exists(name):
            self.world.iam.update_user(UserName=name, NewPath=path)
            self.world.record("update_user_path", name, newPath=path)

    @rule(name=NAMES)
    def somebody_loses_the_policy(self, name: str) -> None:
        policies, groups = self.world.snapshot().get(name, (set(), set()))
        if "mfa-control" in policies:
            self.world.iam.detach_user_policy(UserName=name, PolicyArn=POLICY)
            self.world.record("detach_user_policy", name, policyArn=POLICY)
        if GROUP in groups:
            self.world.iam.remove_user_from_group(UserName=name, GroupName=GROUP)
            self.world.record("remove_user_from_group", name, groupName=GROUP)

    @rule(name=NAMES, by_group=st.booleans())
    def somebody_is_enforced_by_hand(self, name: str, by_group: bool) -> None:
        if self._exists(name) and by_group:
            self.world.iam.add_user_to_group(UserName=name, GroupName=GROUP)
        elif self._exists(name):
            self.world.iam.attach_user_policy(UserName=name, PolicyArn=POLICY)

    @rule(name=NAMES)
    def a_deletion_fails(self, name: str) -> None:
        if self._exists(name):
            self.world.record("delete_user_error_delete_conflict", name)

    @rule()
    def the_group_loses_the_policy(self) -> None:
        if self.world.group_enforces():
            self.world.iam.detach_group_policy(GroupName=GROUP, PolicyArn=POLICY)

    @rule(carries=st.booleans())
    def another_group_carries_the_policy(self, carries: bool) -> None:
        if carries:
            self.world.iam.attach_group_policy(GroupName="developers", PolicyArn=POLICY)
        elif self.world.iam.list_attached_group_policies(GroupName="developers")["AttachedPolicies"]:
            self.world.iam.detach_group_policy(GroupName="developers", PolicyArn=POLICY)

    @rule(dry_run=st.sampled_from([True, False, False]))
    def ops_try_it_without_consequences(self, dry_run: bool) -> None:
        self.world.update(dry_run=dry_run)

    @precondition(lambda self: self.world.events)
    @rule(luck=st.randoms(use_true_random=False), crash=CRASHES, answered=st.booleans(), twice=st.booleans())
    def an_event_arrives(self, luck: st.DataObject, crash: int | None, answered: bool, twice: bool) -> None:
        event = luck.choice(self.world.events)  # type: ignore[attr-defined]  # it is a Random
        if twice:
            self.world.events.append(event)
        self._crashing(crash, answered)
        self.world.deliver(event)

    @precondition(lambda self: self.world.events)
    @rule(luck=st.randoms(use_true_random=False))
    def an_event_is_lost(self, luck: st.DataObject) -> None:
        self.world.events.remove(luck.choice(self.world.events))  # type: ignore[attr-defined]

    @rule(crash=CRASHES, answered=st.booleans())
    def release_works(self, crash: int | None, answered: bool) -> None:
        self._crashing(crash, answered)
        self.world.detach()

    @rule(crash=CRASHES, answered=st.booleans())
    def the_sweep_works(self, crash: int | None, answered: bool) -> None:
        self._crashing(crash, answered)
        self.world.sweep()

    def _crashing(self, crash: int | None, answered: bool) -> None:
        self.world.crash_in, self.world.answered = crash, answered

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        try:
            self._crashing(None, answered=False)
            self.world.update(dry_run=False)
            self._settles()
            # The event of a user who was deleted at once is tried for five minutes, so some may stay in flight.
            for event in list(self.world.events):
                self.world.deliver(event)
            self._settles()
            self.world.an_hour_passes()
            self._settles()
            assert self.world.deletion_pending() == set()
        finally:
            self.world.end()

    def _settles(self) -> None:
        """One sweep and what it asks of release put everybody right; another changes nothing."""
        self.world.sweep()
        self.world.detach()
        assert self.world.group_enforces()
        before, writes = self.world.snapshot(), self.world.writes
        for name in before:
            self._is_right(name, *before[name])
        self.world.sweep()
        self.world.detach()
        assert (self.world.snapshot(), self.world.writes) == (before, writes)

    def _is_right(self, name: str, policies: set[str], groups: set[str]) -> None:
        user = self.world.iam.get_user(UserName=name)["User"]
        tags = {tag["Key"]: tag["Value"] for tag in user.get("Tags", [])}
        tag = next((value for key, value in tags.items() if key.casefold() == "mfa-exempt"), "")
        exempt = user["Path"].startswith("/service/") or tag in {"robot", "2999-12-31"}
        assert "other" in policies, "somebody else's policy is not ours to detach"
        assert "developers" in groups, (
            "somebody else's group is not ours to leave, whether or not it carries the policy"
        )
        if exempt:
            assert not covered(policies, groups), f"{name} is exempt and covered"
        elif self._in_scope(user) and user["UserId"] not in self.world.deletion_pending():
            assert covered(policies, groups) or name.startswith("stuck"), f"{name} is in scope and not covered"

    def _in_scope(self, user: "UserTypeDef") -> bool:
        """Return whether the user was created after the deployment, or was enforced before."""
        return user["CreateDate"].year >= 2020 or user["UserId"] in self.world.enforced_before


TestAccount = Account.TestCase
TestAccount.settings = settings(max_examples=30, stateful_step_count=25, suppress_health_check=list(HealthCheck))
