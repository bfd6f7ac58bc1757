"""The stack is being deleted: everybody is let go first, for a policy that is attached cannot be deleted.

What enforces is gone by then (template.yaml has it depend on this resource), so nobody is attached again meanwhile.
CloudFormation waits for an answer, and gets one whatever happens: without it the deletion would hang for an hour, and a
refusal would leave the stack in DELETE_FAILED.
"""

from collections.abc import Iterator, Mapping
from time import monotonic, sleep
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from aws import clients
from aws.continuation import Continuation
from aws.ops_topic import OpsTopic
from aws.release import Detachment, Holds
from domain.enforcement_notices import still_held
from domain.pace import Pace
from release.settings import Settings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.data_classes import CloudFormationCustomResourceEvent
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from domain.holds import Hold

logger = Logger()

_WRITES_PER_SECOND = 5
_RUN = "MfaEnforcerRun"
_MOST_RUNS = 15
_RESERVE_MILLISECONDS = 15_000
_PAUSE_BETWEEN_RUNS = 5


def release_everybody(
    event: "CloudFormationCustomResourceEvent", environment: Mapping[str, str], context: "LambdaContext"
) -> str | None:
    """Run once over everybody; return what there is to answer, or None where another run follows."""
    settings = Settings.from_environment(environment)
    run = int(event.raw_event.get(_RUN, 1))
    try:
        left = list(still_there(settings, context))
    except (ClientError, BotoCoreError):
        if run >= _MOST_RUNS:
            raise
        logger.exception("Nobody could be looked up", run=run)
        left = []
    else:
        if not left:
            logger.info("Everybody is released", run=run)
            return "Everybody is released"
    if run < _MOST_RUNS:
        logger.info("Releasing goes on", run=run, left=len(left))
        sleep(_PAUSE_BETWEEN_RUNS)
        Continuation(clients.lambda_(), context.invoked_function_arn).go_on({**event.raw_event, _RUN: run + 1})
        return None
    names = [hold.name for hold in left]
    OpsTopic(clients.sns(), settings.ops_topic_arn).tell(still_held(names, settings.policy_arn))
    return f"{len(names)} could not be released; the log says why"


def still_there(settings: Settings, context: "LambdaContext") -> "Iterator[Hold]":
    """Undo every hold that time allows, then look again and return what is left."""
    holds = Holds(clients.iam(), settings.policy_arn, settings.group_name)
    detachment = Detachment(clients.iam(), settings.policy_arn, settings.group_name)
    pace = Pace(_WRITES_PER_SECOND, monotonic, sleep)
    found = list(holds.all())
    for number, hold in enumerate(found):
        if context.get_remaining_time_in_millis() < _RESERVE_MILLISECONDS:
            break
        if number % 100 == 0:
            logger.info("Releasing everybody", released=number, found=len(found))
        pace.wait()
        try:
            detachment.let_go(hold)
        except (ClientError, BotoCoreError):
            logger.exception("Not released", released_from=hold.by, name_held=hold.name)
    return holds.all()
