"""The checks of the account: Region, trail and quotas."""

from dataclasses import replace

import pytest

from ops.callers import Caller
from ops.doctor.facts import Facts
from ops.doctor.findings import Level
from ops.stacks import Resource
from tests.unit.ops.doctor_facts import (
    QUOTAS,
    STACK,
    TRAIL,
    fault,
    faults,
    request,
    requests,
    with_account,
    with_trail,
)

TRAIL_OF_STACK = Resource("Trail", "AWS::CloudTrail::Trail", TRAIL.name)


@pytest.mark.parametrize(
    ("partition", "region", "right"),
    [("aws", "eu-central-1", "us-east-1"), ("aws-us-gov", "us-east-1", "us-gov-west-1")],
)
def test_wrong_region(partition: str, region: str, right: str) -> None:
    """Another Region than that of IAM's events is a failure, and the remedy names the right one."""
    finding = fault(with_account(caller=Caller("111122223333", partition), region=region))

    assert finding.level is Level.FAILURE
    assert right in finding.text
    assert finding.remedy.startswith(f"make doctor REGION={right}")


def test_unsupported_partition() -> None:
    """A partition without IAM's events is a failure."""
    assert fault(with_account(caller=Caller("111122223333", "aws-cn"))).level is Level.FAILURE


def test_no_trail() -> None:
    """Without a trail the remedy is to create one with the stack."""
    finding = fault(with_account(trails=[]))

    assert (finding.check, finding.level) == ("Trail", Level.FAILURE)
    assert "CreateTrail=true" in finding.remedy


def with_own_trail(facts: Facts) -> Facts:
    """Return the facts with a stack that was deployed with CreateTrail=true."""
    return replace(facts, stack=replace(STACK, resources=[*STACK.resources, TRAIL_OF_STACK]))


def test_deleted_trail_of_stack() -> None:
    """A drift-aware change set creates the deleted trail of the stack again, because a deployment changes nothing."""
    finding = fault(with_own_trail(with_account(trails=[])))

    assert finding.level is Level.FAILURE
    assert [operation for operation, _ in requests(finding)] == [
        "DescribeStacks", "CreateChangeSet", "ExecuteChangeSet",
    ]  # fmt: skip


def test_changed_selectors_of_own_trail() -> None:
    """The selectors of the stack's own trail are set back, because the template has none that could be reverted."""
    finding = fault(with_own_trail(with_trail(logs_iam_writes=False)))

    selectors = [{"ReadWriteType": "All", "IncludeManagementEvents": True}]
    assert request(finding) == ("PutEventSelectors", {"TrailName": TRAIL.arn, "EventSelectors": selectors})


@pytest.mark.parametrize(
    ("changes", "remedy"),
    [
        ({"logging": False}, "start-logging"),
        ({"multi_region": False, "home_region": "eu-west-1"}, "--is-multi-region-trail"),
        ({"global_events": False}, "--include-global-service-events"),
        ({"logs_iam_writes": False}, "CreateTrail=true"),
    ],
)
def test_trail_without_iam_writes(changes: dict[str, object], remedy: str) -> None:
    """A trail that does not log IAM's writes is a failure; the remedy never replaces the selectors of its owner."""
    finding = fault(with_trail(**changes))

    assert (finding.check, finding.level) == ("Trail", Level.FAILURE)
    assert remedy in finding.remedy
    assert TRAIL.arn in finding.remedy or remedy == "CreateTrail=true"
    assert "put-event-selectors" not in finding.remedy


def test_one_good_trail() -> None:
    """One trail that logs IAM's writes is enough."""
    assert faults(with_account(trails=[replace(TRAIL, logging=False), TRAIL])) == []


def test_refused_trail_is_unknown() -> None:
    """A trail that may not be read is unknown, and is no fault beside a good one."""
    refused = replace(TRAIL, logging=False, logs_iam_writes=False, refused="GetEventSelectors")
    finding = fault(with_account(trails=[refused, replace(TRAIL, logging=False)]))

    assert (finding.level, finding.check) == (Level.UNKNOWN, "Trail")
    assert "needs cloudtrail:GetEventSelectors, or it is the trail of the organization" in finding.text
    assert faults(with_account(trails=[refused, TRAIL])) == []


def test_single_region_trail_at_home() -> None:
    """A trail of one Region is enough in the Region of IAM's events."""
    assert faults(with_trail(multi_region=False)) == []


def test_nearly_full_quota() -> None:
    """A quota that is nearly full is a warning with its numbers."""
    finding = fault(with_account(quotas={**QUOTAS, "Users": 4900}))

    assert (finding.level, finding.text) == (Level.WARNING, "nearly full: users 4,900 of 5,000")
