"""All actors of a stack: everyone who acts under a role of it.

:mod:`components.roles` creates their roles; the tests compare what they may do with the calls that are really made.
"""

from __future__ import annotations

from components.handlers import HANDLERS, Handler
from components.iam import resources
from components.iam.forecasts import PREPARE, PUBLISH
from components.iam.jobs import EVALUATION, MODEL, PIPELINE, PROCESSING, TRAINING
from components.iam.statement import LAMBDA, SCHEDULER, Actor, Statement

_HANDLER_KEY = Statement(
    "UseKey",
    ("kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"),
    (resources.key,),
    "Tables, objects, the dead-letter queue, the topic and the function's environment are encrypted with the stack's key",
    when="key",
    by="S3, DynamoDB, SQS, SNS and Lambda",
)


def function_actor(handler: Handler) -> Actor:
    """A handler's function: its own statements, and what Lambda needs for every function."""
    statements = (
        *handler.statements,
        Statement(
            "WriteOwnLogs",
            ("logs:CreateLogStream", "logs:PutLogEvents"),
            (resources.own_logs(handler.name),),
            "Lambda writes what the function logs; the log group is declared",
            by="Lambda",
        ),
        Statement(
            "KeepUndelivered",
            ("sqs:SendMessage",),
            (resources.dead_letters,),
            "Lambda keeps invocations that failed after its retries",
            by="Lambda",
        ),
        Statement(
            "Trace",
            ("xray:PutTelemetryRecords", "xray:PutTraceSegments"),
            (resources.every_resource,),
            "Lambda sends traces; X-Ray gives these actions no resource level",
            by="Lambda",
        ),
        _HANDLER_KEY,
    )
    return Actor(handler.name, LAMBDA, handler.purpose, statements)


SCHEDULER_ACTOR = Actor(
    "scheduler",
    SCHEDULER,
    "EventBridge Scheduler, when a schedule is due",
    (
        Statement(
            "CallFunctions",
            ("lambda:InvokeFunction",),
            (lambda names: [names.function(handler.name) for handler in HANDLERS if handler.schedule],),
            "Calls the function of the schedule",
            by="EventBridge Scheduler",
        ),
        Statement(
            "KeepUndelivered",
            ("sqs:SendMessage",),
            (resources.dead_letters,),
            "Keeps calls that failed after their retries",
            by="EventBridge Scheduler",
        ),
        Statement(
            "UseKey",
            ("kms:Decrypt", "kms:GenerateDataKey"),
            (resources.key,),
            "Schedules and the dead-letter queue are encrypted with the stack's key",
            when="key",
            by="EventBridge Scheduler and SQS",
        ),
    ),
)

FUNCTION_ACTORS = {handler.name: function_actor(handler) for handler in HANDLERS}
#: Actors that get a role.
ACTORS = (PIPELINE, PROCESSING, TRAINING, MODEL, EVALUATION, PREPARE, PUBLISH, *FUNCTION_ACTORS.values(), SCHEDULER_ACTOR)
