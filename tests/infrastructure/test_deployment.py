"""The stack deploys everywhere it should and nowhere else, and keeps what must outlive it."""

import re

import pytest

from tests.template import Template

TEMPLATE = Template(AlertEmail="ops@example.com")
ACCOUNT = "111122223333"
FUNCTIONS = {
    name: resource for name, resource in TEMPLATE.resources.items() if resource["Type"] == "AWS::Serverless::Function"
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_no_reserved_concurrency(name: str) -> None:
    """No concurrency is reserved: an account with the initial quota of ten could not deploy ("Lambda quotas")."""
    assert "ReservedConcurrentExecutions" not in FUNCTIONS[name]["Properties"]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_description_and_retention(name: str) -> None:
    """A function has a description, and its log the retention that ops chose."""
    properties = FUNCTIONS[name]["Properties"]
    logs = TEMPLATE.resources[properties["LoggingConfig"]["LogGroup"].removeprefix("${").removesuffix("}")]

    assert properties["Description"]
    assert logs["Properties"] == {"RetentionInDays": 90}


@pytest.mark.parametrize(("partition", "log_format"), [("aws", "JSON"), ("aws-us-gov", "Text")])
def test_log_format(partition: str, log_format: str) -> None:
    """GovCloud has no JSON ("AWS Lambda in AWS GovCloud (US)"), and a level needs JSON ("LoggingConfig")."""
    functions = [
        function["Properties"]["LoggingConfig"]
        for function in Template(partition=partition).transformed.values()
        if function["Type"] == "AWS::Lambda::Function"
    ]

    assert len(functions) == len(FUNCTIONS)
    assert {config["LogFormat"] for config in functions} == {log_format}
    assert {key for config in functions for key in config} == {"LogFormat", "LogGroup"}


@pytest.mark.parametrize(
    ("region", "accepted"),
    [("us-east-1", True), ("us-gov-west-1", True), ("eu-central-1", False), ("us-west-2", False)],
)
def test_regions(region: str, accepted: bool) -> None:
    """Only the Regions that get IAM's events are accepted."""
    [assertion] = TEMPLATE.source["Rules"]["IamEventRegion"]["Assertions"]
    regions, wanted = assertion["Assert"]["Fn::Contains"]

    assert wanted == {"Ref": "AWS::Region"}
    assert (region in regions) == accepted
    assert "--region us-east-1" in assertion["AssertDescription"]


def test_report_expiry() -> None:
    """A report is deleted a month after its time: expiry only hides it ("Lifecycle configuration elements")."""
    [rule] = TEMPLATE.resources["ReportBucket"]["Properties"]["LifecycleConfiguration"]["Rules"]

    assert rule["ExpirationInDays"] == TEMPLATE.source["Parameters"]["ReportRetentionDays"]["Default"]
    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 30}


def test_trail_is_retained() -> None:
    """The trail, its bucket and the bucket's policy are retained, because CloudTrail needs all of them."""
    made = Template(CreateTrail="true").resources.keys() - Template().resources.keys()

    assert made == {"Trail", "TrailBucket", "TrailBucketPolicy"}
    for name in made:
        resource = TEMPLATE.source["Resources"][name]
        assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain"), name


@pytest.mark.parametrize("partition", ["aws", "aws-us-gov"])
def test_trail_bucket_policy(partition: str) -> None:
    """The bucket accepts only this account's trails, by `aws:SourceArn` ("Amazon S3 bucket policy for CloudTrail")."""
    policy = Template(partition=partition, CreateTrail="true").resources["TrailBucketPolicy"]["Properties"]
    allowed = [statement for statement in policy["PolicyDocument"]["Statement"] if statement["Effect"] == "Allow"]

    assert [statement["Action"] for statement in allowed] == ["s3:GetBucketAcl", "s3:PutObject"]
    for statement in allowed:
        assert statement["Principal"] == {"Service": "cloudtrail.amazonaws.com"}
        assert statement["Condition"]["ArnLike"] == {
            "aws:SourceArn": f"arn:{partition}:cloudtrail:us-east-1:{ACCOUNT}:trail/*"
        }


def test_generated_names() -> None:
    """A second stack in the same account does not collide with the first, or with what a deleted one left behind.

    People see the policy's name, so ops choose it.
    """
    of_a_name = re.compile(
        "(Role|Group|Queue|Topic|Table|Function|Rule|Alarm|Bucket|LogGroup|Trail|ManagedPolicy)?Name"
    )
    fixed = {
        (name, key)
        for name, resource in Template(AlertEmail="ops@example.com", CreateTrail="true").resources.items()
        for key in resource["Properties"]
        if of_a_name.fullmatch(key)
    }

    assert fixed == {("EnforcementPolicy", "ManagedPolicyName")}
