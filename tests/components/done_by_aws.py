"""Rights that no call of a local run asks for: what the AWS service that acts under a role does with them itself.

By actor and statement, so that a right that one of several actors loses is missed. Sources: Amazon SageMaker AI developer
guide, "SageMaker AI roles" (what ``CreateProcessingJob``, ``CreateTrainingJob`` and ``CreateModel`` need, also with a VPC and a
key); the chapters on execution roles of AWS Lambda's and EventBridge Scheduler's guides; AWS KMS developer guide, "How services
use AWS KMS".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Done:
    """``actions``: those of the statement that no call asks for, apart by spaces; ``why``: what they are for."""

    actions: str
    why: str


Table = Mapping[tuple[str, str], Done]
JOBS = ("processing", "training", "model", "evaluation", "prepare", "publish")
HANDLERS = ("execution-events", "reconcile", "scheduled-start", "forecast-start", "drift-check", "endpoint-cleanup")
_USE_KEY = "kms:Decrypt kms:DescribeKey kms:GenerateDataKey"


def _each(actors: Iterable[str], sid: str, actions: str, why: str) -> Table:
    return {(actor, sid): Done(actions, why) for actor in actors}


_PIPELINE: Table = {
    ("pipeline", "RunJobs"): Done(
        "sagemaker:CreateProcessingJob sagemaker:CreateTrainingJob sagemaker:CreateTransformJob "
        "sagemaker:DescribeProcessingJob sagemaker:DescribeTrainingJob sagemaker:DescribeTransformJob "
        "sagemaker:StopProcessingJob sagemaker:StopTrainingJob sagemaker:StopTransformJob",
        "SageMaker starts and watches the jobs of a pipeline's steps; the stand-in does so without a request",
    ),
    ("pipeline", "ReadArtefact"): Done(
        "s3:GetObject", "SageMaker looks at the artefact when it makes and registers a model; the stand-in takes its URI"
    ),
    ("pipeline", "RegisterModel"): Done(
        "sagemaker:DescribeModelPackageGroup", "SageMaker looks at the group before it registers; the stand-in knows it"
    ),
}
_JOBS: Table = {
    **_each(
        JOBS,
        "PullImage",
        "ecr:BatchCheckLayerAvailability ecr:BatchGetImage ecr:GetDownloadUrlForLayer",
        "SageMaker pulls the image of a job or model; a local run starts the same files as a process",
    ),
    **_each(JOBS, "LogInToRegistry", "ecr:GetAuthorizationToken", "SageMaker logs in to ECR before it pulls"),
    **_each(
        JOBS,
        "PublishJobMetrics",
        "cloudwatch:PutMetricData",
        "SageMaker's agent next to the container publishes utilisation and the algorithm's metrics",
    ),
    **_each(
        JOBS,
        "WriteJobLogs",
        "logs:CreateLogGroup logs:DescribeLogStreams",
        "SageMaker makes the group of the account's first job, and looks for the stream; the stand-in's are there",
    ),
    ("training", "WriteModel"): Done("s3:AbortMultipartUpload", "SageMaker gives up an upload in parts that broke off"),
    ("model", "WriteAnswers"): Done("s3:AbortMultipartUpload", "SageMaker gives up an upload in parts that broke off"),
    **_each(
        ("evaluation", "prepare", "publish"),
        "WriteOutputs",
        "s3:AbortMultipartUpload",
        "SageMaker gives up an upload in parts that broke off",
    ),
}
_FUNCTIONS: Table = {
    **_each(HANDLERS, "KeepUndelivered", "sqs:SendMessage", "Lambda sends what failed after its retries; nothing does here"),
    **_each(
        HANDLERS,
        "Trace",
        "xray:PutTelemetryRecords xray:PutTraceSegments",
        "Lambda's daemon sends the traces of functions with active tracing",
    ),
    ("scheduler", "CallFunctions"): Done("lambda:InvokeFunction", "EventBridge Scheduler calls the function when it is due"),
    ("scheduler", "KeepUndelivered"): Done("sqs:SendMessage", "EventBridge Scheduler sends what failed after its retries"),
}
#: The local stack has no key of its own.
_KEY: Table = {
    **_each(
        ("pipeline", *JOBS),
        "UseKey",
        _USE_KEY,
        "S3 and DynamoDB encrypt in the caller's name; SageMaker looks at a volume's key",
    ),
    **_each(("pipeline", *JOBS), "EncryptVolumes", "kms:CreateGrant", "SageMaker encrypts the jobs' volumes through a grant"),
    **_each(HANDLERS, "UseKey", _USE_KEY, "S3, DynamoDB and SQS encrypt in the caller's name; Lambda decrypts the environment"),
    ("scheduler", "UseKey"): Done(
        "kms:Decrypt kms:GenerateDataKey", "EventBridge Scheduler reads the schedule; SQS encrypts what could not be delivered"
    ),
    ("operator", "UseKey"): Done(_USE_KEY, "S3 and DynamoDB encrypt in the caller's name"),
    ("curator", "UseKey"): Done(_USE_KEY, "DynamoDB encrypts in the caller's name"),
    ("promotion-source", "UseKey"): Done("kms:Decrypt", "S3 decrypts in the caller's name"),
    ("promotion-target", "UseKey"): Done("kms:Decrypt kms:GenerateDataKey", "S3 encrypts in the caller's name"),
    ("operator", "EncryptEndpoints"): Done("kms:CreateGrant", "SageMaker encrypts an endpoint's volumes through a grant"),
}
#: Nor a VPC.
_NETWORK: Table = {
    **_each(JOBS, "AttachToVpc", "ec2:CreateNetworkInterface", "SageMaker attaches the job to the stack's subnets"),
    **_each(
        JOBS,
        "UseInterfaces",
        "ec2:CreateNetworkInterfacePermission ec2:DeleteNetworkInterface ec2:DeleteNetworkInterfacePermission",
        "SageMaker hands the interfaces to its own machines and takes them away",
    ),
    **_each(
        JOBS,
        "LookAtVpc",
        "ec2:DescribeDhcpOptions ec2:DescribeNetworkInterfaces ec2:DescribeSecurityGroups ec2:DescribeSubnets ec2:DescribeVpcs",
        "SageMaker looks at the VPC first",
    ),
}
DONE_BY_AWS: Table = {**_PIPELINE, **_JOBS, **_FUNCTIONS, **_KEY, **_NETWORK}
