"""What the functions do, and the scheduler that calls them. Standard library only."""

from __future__ import annotations

from contracts.permission_model import LAMBDA, SCHEDULER, Actor, Kind, Statement

_HANDLER_KEY = Statement(
    "UseKey",
    ("kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"),
    (Kind.KEY,),
    "Tables, objects, the dead-letter queue and the function's environment are under the stack's key",
    when="key",
    by="S3, DynamoDB, SQS and Lambda",
)


def _function(*statements: Statement) -> tuple[Statement, ...]:
    """What every function of ours needs besides its own work."""
    logs = ("logs:CreateLogStream", "logs:PutLogEvents")
    return (
        *statements,
        Statement(
            "WriteOwnLogs",
            logs,
            (Kind.OWN_LOGS,),
            "Lambda writes what the function logs; the log group is declared",
            by="Lambda",
        ),
        Statement(
            "KeepUndelivered",
            ("sqs:SendMessage",),
            (Kind.DEAD_LETTERS,),
            "Lambda keeps what failed after its retries",
            by="Lambda",
        ),
        Statement(
            "Trace",
            ("xray:PutTelemetryRecords", "xray:PutTraceSegments"),
            (Kind.ANY,),
            "Lambda sends traces; X-Ray gives these actions no resource level",
            by="Lambda",
        ),
        _HANDLER_KEY,
    )


_OBSERVE = (
    Statement(
        "KeepExecutions",
        ("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"),
        (Kind.EXECUTION_TABLE,),
        "Brings the execution's item up to date, and makes one for an execution that was started elsewhere",
    ),
    Statement("FindExecution", ("dynamodb:Query",), (Kind.EXECUTION_INDEX,), "Finds the item by the pipeline execution's ARN"),
    Statement(
        "AppendEvents", ("dynamodb:PutItem", "dynamodb:Query"), (Kind.EVENT_TABLE,), "Appends the change and reads all of them"
    ),
    Statement(
        "ReadExecution",
        ("sagemaker:ListPipelineExecutionSteps", "sagemaker:ListPipelineParametersForExecution"),
        (Kind.PIPELINE_EXECUTIONS,),
        "Learns the ExecutionId, the steps and the registered model",
    ),
    Statement(
        "ReadMetric", ("sagemaker:DescribeTrainingJob",), (Kind.TRAINING_JOBS,), "Reads the metric that the gate compared"
    ),
    Statement(
        "ReadOutputs",
        ("s3:GetObject", "s3:GetObjectVersion"),
        (Kind.EXECUTION_OBJECTS,),
        "Reads the gate's threshold and compares the feature step's outputs with their manifest",
    ),
)

EXECUTION_EVENTS = Actor("execution-events", LAMBDA, "The function that the event rule calls", _function(*_OBSERVE))

RECONCILE = Actor(
    "reconcile",
    LAMBDA,
    "The function that repairs what a lost event left behind",
    _function(
        *_OBSERVE,
        Statement("ListExecutions", ("sagemaker:ListPipelineExecutions",), (Kind.PIPELINE,), "Which executions there are"),
        Statement(
            "DescribeExecution",
            ("sagemaker:DescribePipelineExecution",),
            (Kind.PIPELINE_EXECUTIONS,),
            "How an execution stands",
        ),
    ),
)

_START = (
    Statement("ReadTemplate", ("dynamodb:GetItem",), (Kind.TEMPLATE_TABLE,), "The template that is started"),
    Statement(
        "ReadDefinition", ("sagemaker:DescribePipeline",), (Kind.PIPELINE,), "Freezes image and definition in the snapshot"
    ),
    Statement(
        "ReadAssetVersions",
        ("s3:GetObject", "s3:GetObjectVersion"),
        (Kind.ASSET_OBJECTS,),
        "Freezes each asset's version and digest in the snapshot",
    ),
    Statement(
        "ReadAssetRanges",
        ("dynamodb:GetItem",),
        (Kind.ASSET_TABLE,),
        "Refuses a template that prices of these dates can not serve, before a job is paid for",
    ),
    Statement(
        "TellMissingAssets",
        ("s3:ListBucket",),
        (Kind.ASSETS_BUCKET,),
        "Without it a missing object is answered 403, not 404",
    ),
    Statement(
        "CreateExecution",
        ("dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"),
        (Kind.EXECUTION_TABLE,),
        "Creates the execution's item, and takes it back where SageMaker refuses the start",
    ),
    Statement("StartPipeline", ("sagemaker:StartPipelineExecution",), (Kind.PIPELINE,), "Starts the pipeline"),
)

SCHEDULED_START = Actor("scheduled-start", LAMBDA, "The function that the retraining schedule calls", _function(*_START))

ENDPOINT_CLEANUP = Actor(
    "endpoint-cleanup",
    LAMBDA,
    "The function that deletes endpoints whose time is over",
    _function(
        Statement("FindExpired", ("dynamodb:Query",), (Kind.ENDPOINT_INDEX,), "Which endpoints are due"),
        Statement("NoteDeleted", ("dynamodb:UpdateItem",), (Kind.ENDPOINT_TABLE,), "Notes that an endpoint was deleted"),
        Statement(
            "ReadOwnership",
            ("sagemaker:DescribeEndpoint", "sagemaker:ListTags"),
            (Kind.ENDPOINTS,),
            "Deletes only endpoints that carry this stack's tags",
        ),
        Statement("ReadOwnTags", ("sagemaker:ListTags",), (Kind.PIPELINE,), "Reads this stack's tags from its pipeline"),
        Statement(
            "DeleteEndpoint", ("sagemaker:DeleteEndpoint",), (Kind.ENDPOINTS,), "Deletes endpoints named after this stack"
        ),
    ),
)

SCHEDULER_ACTOR = Actor(
    "scheduler",
    SCHEDULER,
    "EventBridge Scheduler, when a schedule is due",
    (
        Statement(
            "CallFunctions",
            ("lambda:InvokeFunction",),
            (Kind.SCHEDULED_FUNCTIONS,),
            "Calls the function of the schedule",
            by="EventBridge Scheduler",
        ),
        Statement(
            "KeepUndelivered",
            ("sqs:SendMessage",),
            (Kind.DEAD_LETTERS,),
            "Keeps calls that failed after their retries",
            by="EventBridge Scheduler",
        ),
        Statement(
            "UseKey",
            ("kms:Decrypt", "kms:GenerateDataKey"),
            (Kind.KEY,),
            "Schedules and the dead-letter queue are under the stack's key",
            when="key",
            by="EventBridge Scheduler and SQS",
        ),
    ),
)
