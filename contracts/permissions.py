"""What each actor of a stack does in AWS, and why: written once, here. Standard library only.

``components.roles`` makes each role's policy of it, with real ARNs; the tests compare it with the calls that are really made.
A statement names resources by kind (:class:`~contracts.permission_model.Kind`), never by ARN. Sources: Amazon SageMaker
developer guide, "SageMaker Roles" and "Pipelines access management"; service authorization reference.
"""

from __future__ import annotations

from contracts.permission_model import Actor, Kind, Statement

SAGEMAKER = "sagemaker.amazonaws.com"
LAMBDA = "lambda.amazonaws.com"
SCHEDULER = "scheduler.amazonaws.com"


def _sagemaker_logs(kind: Kind) -> Statement:
    actions = ("logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents")
    return Statement("WriteJobLogs", actions, (kind,), "SageMaker writes what the container prints")


def _pull(kind: Kind, why: str) -> tuple[Statement, ...]:
    pull = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
    return (
        Statement("PullImage", pull, (kind,), why),
        Statement("LogInToRegistry", ("ecr:GetAuthorizationToken",), (Kind.ANY,), "ECR gives this action no resource level"),
    )


_JOB_METRICS = Statement(
    "PublishJobMetrics",
    ("cloudwatch:PutMetricData",),
    (Kind.ANY,),
    "SageMaker publishes the job's metrics; CloudWatch gives this action no resource level, so the namespace bounds it",
    {"StringLike": {"cloudwatch:namespace": "/aws/sagemaker/*"}},
)
_JOB_KEY = (
    Statement(
        "UseKey",
        ("kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"),
        (Kind.KEY,),
        "Reads and writes objects and items under the stack's key",
        when="key",
    ),
    Statement(
        "EncryptVolumes",
        ("kms:CreateGrant",),
        (Kind.KEY,),
        "SageMaker encrypts the job's volumes through a grant",
        {"Bool": {"kms:GrantIsForAWSResource": "true"}},
        when="key",
    ),
)
_JOB_NETWORK = (
    Statement(
        "AttachToVpc",
        ("ec2:CreateNetworkInterface",),
        (Kind.NETWORK_INTERFACES, Kind.SECURITY_GROUPS, Kind.SUBNETS),
        "SageMaker attaches the job to the stack's subnets, in its security groups",
        when="vpc",
    ),
    Statement(
        "UseInterfaces",
        ("ec2:CreateNetworkInterfacePermission", "ec2:DeleteNetworkInterface", "ec2:DeleteNetworkInterfacePermission"),
        (Kind.NETWORK_INTERFACES,),
        "SageMaker hands the interfaces to its own machines and takes them away; they get their ids only then",
        when="vpc",
    ),
    Statement(
        "LookAtVpc",
        (
            "ec2:DescribeDhcpOptions",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeSubnets",
            "ec2:DescribeVpcs",
        ),
        (Kind.ANY,),
        "SageMaker looks at the VPC first; EC2 gives these actions no resource level",
        when="vpc",
    ),
)
_HANDLER_KEY = Statement(
    "UseKey",
    ("kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"),
    (Kind.KEY,),
    "Tables, objects, the dead-letter queue and the function's environment are under the stack's key",
    when="key",
)


def _function(*statements: Statement) -> tuple[Statement, ...]:
    """What every function of ours needs besides its own work."""
    logs = ("logs:CreateLogStream", "logs:PutLogEvents")
    return (
        *statements,
        Statement("WriteOwnLogs", logs, (Kind.OWN_LOGS,), "Lambda writes what the function logs; the log group is declared"),
        Statement("KeepUndelivered", ("sqs:SendMessage",), (Kind.DEAD_LETTERS,), "Lambda keeps what failed after its retries"),
        Statement(
            "Trace",
            ("xray:PutTelemetryRecords", "xray:PutTraceSegments"),
            (Kind.ANY,),
            "Lambda sends traces; X-Ray gives these actions no resource level",
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
    Statement("ReadThreshold", ("s3:GetObject",), (Kind.EVALUATION_OBJECTS,), "Reads the threshold that the gate compared"),
)

PIPELINE = Actor(
    "pipeline",
    SAGEMAKER,
    "SageMaker, while it runs the pipeline's steps",
    (
        Statement(
            "RunJobs",
            (
                "sagemaker:CreateProcessingJob",
                "sagemaker:CreateTrainingJob",
                "sagemaker:DescribeProcessingJob",
                "sagemaker:DescribeTrainingJob",
                "sagemaker:StopProcessingJob",
                "sagemaker:StopTrainingJob",
            ),
            (Kind.PROCESSING_JOBS, Kind.TRAINING_JOBS),
            "Starts, watches and stops the jobs of the processing and the training step",
        ),
        Statement(
            "CreateModel",
            ("sagemaker:CreateModel", "sagemaker:DescribeModel"),
            (Kind.MODELS,),
            "The step that makes a model of the artefact",
        ),
        Statement(
            "RegisterModel",
            ("sagemaker:CreateModelPackage", "sagemaker:DescribeModelPackage", "sagemaker:DescribeModelPackageGroup"),
            (Kind.MODEL_PACKAGE_GROUP, Kind.MODEL_PACKAGES),
            "The step that registers a version in the model package group",
        ),
        Statement(
            "TagCreated",
            ("sagemaker:AddTags",),
            (Kind.PROCESSING_JOBS, Kind.TRAINING_JOBS, Kind.MODELS, Kind.MODEL_PACKAGES),
            "Whoever creates a resource with tags needs the right to tag it",
        ),
        Statement(
            "PassJobRoles",
            ("iam:PassRole",),
            (Kind.PROCESSING_ROLE, Kind.TRAINING_ROLE, Kind.MODEL_ROLE),
            "Jobs and the model run under roles of their own",
            {"StringEquals": {"iam:PassedToService": SAGEMAKER}},
        ),
        Statement(
            "ReadPropertyFile", ("s3:GetObject",), (Kind.EVALUATION_OBJECTS,), "The gate's condition reads its property file"
        ),
        Statement(
            "ReadArtefact", ("s3:GetObject",), (Kind.MODEL_OBJECTS,), "Creating and registering checks the model artefact"
        ),
        *_JOB_KEY,
    ),
)

PROCESSING = Actor(
    "processing",
    SAGEMAKER,
    "The feature-engineering container, and SageMaker around it",
    (
        Statement("ListAssets", ("s3:ListBucket",), (Kind.ASSETS_BUCKET,), "SageMaker lists the input prefix to download it"),
        Statement(
            "ReadAssets",
            ("s3:GetObject", "s3:GetObjectVersion"),
            (Kind.ASSET_OBJECTS,),
            "The price histories, in the version that the execution's snapshot froze",
        ),
        Statement("FindExecutor", ("s3:ListBucket",), (Kind.PIPELINE_BUCKET,), "SageMaker lists the executor's prefix"),
        Statement("ReadExecutor", ("s3:GetObject",), (Kind.EXECUTOR_OBJECTS,), "The script that the container starts with"),
        Statement(
            "WriteOutputs",
            ("s3:AbortMultipartUpload", "s3:PutObject"),
            (Kind.EXECUTION_OBJECTS,),
            "SageMaker uploads the outputs; the container uploads its log",
        ),
        Statement(
            "ReadSnapshotAndSyncLog",
            ("dynamodb:GetItem", "dynamodb:UpdateItem"),
            (Kind.EXECUTION_TABLE,),
            "Reads the frozen template and keeps the log's tail on the execution's item",
        ),
        Statement(
            "StoreImportance",
            ("dynamodb:BatchWriteItem", "dynamodb:PutItem"),
            (Kind.FEATURE_IMPORTANCE_TABLE,),
            "Stores each feature's importance for later comparison",
        ),
        *_pull(Kind.REPOSITORY, "SageMaker pulls our image"),
        _sagemaker_logs(Kind.PROCESSING_LOGS),
        _JOB_METRICS,
        *_JOB_KEY,
        *_JOB_NETWORK,
    ),
)

TRAINING = Actor(
    "training",
    SAGEMAKER,
    "The training job of the built-in algorithm",
    (
        Statement("ListChannels", ("s3:ListBucket",), (Kind.MODELS_BUCKET,), "SageMaker lists the channels' prefixes"),
        Statement("ReadChannels", ("s3:GetObject",), (Kind.CHANNEL_OBJECTS,), "train.json and test.json"),
        Statement("WriteModel", ("s3:AbortMultipartUpload", "s3:PutObject"), (Kind.MODEL_OBJECTS,), "The model artefact"),
        *_pull(Kind.DEEPAR_REPOSITORY, "SageMaker pulls the built-in algorithm's image"),
        _sagemaker_logs(Kind.TRAINING_LOGS),
        _JOB_METRICS,
        *_JOB_KEY,
        *_JOB_NETWORK,
    ),
)

MODEL = Actor(
    "model",
    SAGEMAKER,
    "A model that was created, wherever it is served",
    (
        Statement("ReadModel", ("s3:GetObject",), (Kind.MODEL_OBJECTS,), "The model artefact"),
        *_pull(Kind.DEEPAR_REPOSITORY, "SageMaker pulls the built-in algorithm's image"),
        _sagemaker_logs(Kind.INFERENCE_LOGS),
        _JOB_METRICS,
        *_JOB_KEY,
        *_JOB_NETWORK,
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
        "TellMissingAssets", ("s3:ListBucket",), (Kind.ASSETS_BUCKET,), "Without it a missing object is answered 403, not 404"
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
        Statement("NoteDeleted", ("dynamodb:UpdateItem",), (Kind.ENDPOINT_TABLE,), "Notes that an endpoint is gone"),
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
            "CallFunctions", ("lambda:InvokeFunction",), (Kind.SCHEDULED_FUNCTIONS,), "Calls the function of the schedule"
        ),
        Statement("KeepUndelivered", ("sqs:SendMessage",), (Kind.DEAD_LETTERS,), "Keeps calls that failed after their retries"),
        Statement(
            "UseKey",
            ("kms:Decrypt", "kms:GenerateDataKey"),
            (Kind.KEY,),
            "Schedules and the dead-letter queue are under the stack's key",
            when="key",
        ),
    ),
)

#: Actors that get a role.
ACTORS = (
    PIPELINE,
    PROCESSING,
    TRAINING,
    MODEL,
    EXECUTION_EVENTS,
    RECONCILE,
    SCHEDULED_START,
    ENDPOINT_CLEANUP,
    SCHEDULER_ACTOR,
)
#: The functions' actors, by handler module.
HANDLER_ACTORS = {actor.name.replace("-", "_"): actor for actor in ACTORS if actor.service == LAMBDA}
