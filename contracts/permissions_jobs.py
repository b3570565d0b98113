"""What SageMaker's side of a stack does: the pipeline, its jobs, its models. Standard library only.

Sources: Amazon SageMaker developer guide, "SageMaker Roles" and "Pipelines access management".
"""

from __future__ import annotations

from contracts.permission_model import SAGEMAKER, Actor, Kind, Statement


def _sagemaker_logs(kind: Kind) -> Statement:
    actions = ("logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents")
    return Statement("WriteJobLogs", actions, (kind,), "SageMaker writes what the container prints", by="SageMaker")


def _pull(kind: Kind, why: str) -> tuple[Statement, ...]:
    pull = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
    return (
        Statement("PullImage", pull, (kind,), why, by="SageMaker"),
        Statement(
            "LogInToRegistry",
            ("ecr:GetAuthorizationToken",),
            (Kind.ANY,),
            "ECR gives this action no resource level",
            by="SageMaker",
        ),
    )


_JOB_METRICS = Statement(
    "PublishJobMetrics",
    ("cloudwatch:PutMetricData",),
    (Kind.ANY,),
    "SageMaker publishes the job's metrics; CloudWatch gives this action no resource level, so the namespace bounds it",
    {"StringLike": {"cloudwatch:namespace": "/aws/sagemaker/*"}},
    by="SageMaker",
)
_JOB_KEY = (
    Statement(
        "UseKey",
        ("kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"),
        (Kind.KEY,),
        "Reads and writes objects and items under the stack's key",
        when="key",
        by="S3, DynamoDB and SageMaker",
    ),
    Statement(
        "EncryptVolumes",
        ("kms:CreateGrant",),
        (Kind.KEY,),
        "SageMaker encrypts the job's volumes through a grant",
        {"Bool": {"kms:GrantIsForAWSResource": "true"}},
        when="key",
        by="S3, DynamoDB and SageMaker",
    ),
)
_JOB_NETWORK = (
    Statement(
        "AttachToVpc",
        ("ec2:CreateNetworkInterface",),
        (Kind.NETWORK_INTERFACES, Kind.SECURITY_GROUPS, Kind.SUBNETS),
        "SageMaker attaches the job to the stack's subnets, in its security groups",
        when="vpc",
        by="SageMaker",
    ),
    Statement(
        "UseInterfaces",
        ("ec2:CreateNetworkInterfacePermission", "ec2:DeleteNetworkInterface", "ec2:DeleteNetworkInterfacePermission"),
        (Kind.NETWORK_INTERFACES,),
        "SageMaker hands the interfaces to its own machines and takes them away; they get their ids only then",
        when="vpc",
        by="SageMaker",
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
        by="SageMaker",
    ),
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
            by="SageMaker",
        ),
        Statement(
            "CreateModel",
            ("sagemaker:CreateModel", "sagemaker:DescribeModel"),
            (Kind.MODELS,),
            "The step that makes a model of the artefact",
            by="SageMaker",
        ),
        Statement(
            "RegisterModel",
            ("sagemaker:CreateModelPackage", "sagemaker:DescribeModelPackage", "sagemaker:DescribeModelPackageGroup"),
            (Kind.MODEL_PACKAGE_GROUP, Kind.MODEL_PACKAGES),
            "The step that registers a version in the model package group",
            by="SageMaker",
        ),
        Statement(
            "TagCreated",
            ("sagemaker:AddTags",),
            (Kind.PROCESSING_JOBS, Kind.TRAINING_JOBS, Kind.MODELS, Kind.MODEL_PACKAGES),
            "Whoever creates a resource with tags needs the right to tag it",
            by="SageMaker",
        ),
        Statement(
            "PassJobRoles",
            ("iam:PassRole",),
            (Kind.PROCESSING_ROLE, Kind.TRAINING_ROLE, Kind.MODEL_ROLE),
            "Jobs and the model run under roles of their own",
            {"StringEquals": {"iam:PassedToService": SAGEMAKER}},
            by="SageMaker",
        ),
        Statement(
            "ReadPropertyFile",
            ("s3:GetObject",),
            (Kind.EVALUATION_OBJECTS,),
            "The gate's condition reads its property file",
            by="SageMaker",
        ),
        Statement(
            "ReadArtefact",
            ("s3:GetObject",),
            (Kind.MODEL_OBJECTS,),
            "Creating and registering checks the model artefact",
            by="SageMaker",
        ),
        *_JOB_KEY,
    ),
)

PROCESSING = Actor(
    "processing",
    SAGEMAKER,
    "The feature-engineering container, and SageMaker around it",
    (
        Statement(
            "ListAssets",
            ("s3:ListBucket",),
            (Kind.ASSETS_BUCKET,),
            "SageMaker lists the input prefix to download it",
            by="SageMaker",
        ),
        Statement(
            "ReadAssets",
            ("s3:GetObject",),
            (Kind.ASSET_OBJECTS,),
            "The price histories; the step compares them with the digests that the execution's snapshot froze",
            by="SageMaker",
        ),
        Statement(
            "FindExecutor", ("s3:ListBucket",), (Kind.PIPELINE_BUCKET,), "SageMaker lists the executor's prefix", by="SageMaker"
        ),
        Statement(
            "ReadExecutor",
            ("s3:GetObject",),
            (Kind.EXECUTOR_OBJECTS,),
            "The script that the container starts with",
            by="SageMaker",
        ),
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
            ("dynamodb:BatchWriteItem",),
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
        Statement(
            "ListChannels", ("s3:ListBucket",), (Kind.MODELS_BUCKET,), "SageMaker lists the channels' prefixes", by="SageMaker"
        ),
        Statement("ReadChannels", ("s3:GetObject",), (Kind.CHANNEL_OBJECTS,), "train.json and test.json", by="SageMaker"),
        Statement(
            "WriteModel",
            ("s3:AbortMultipartUpload", "s3:PutObject"),
            (Kind.MODEL_OBJECTS,),
            "The model artefact",
            by="SageMaker",
        ),
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
        Statement("ReadModel", ("s3:GetObject",), (Kind.MODEL_OBJECTS,), "The model artefact", by="SageMaker"),
        *_pull(Kind.DEEPAR_REPOSITORY, "SageMaker pulls the built-in algorithm's image"),
        _sagemaker_logs(Kind.INFERENCE_LOGS),
        _JOB_METRICS,
        *_JOB_KEY,
        *_JOB_NETWORK,
    ),
)
