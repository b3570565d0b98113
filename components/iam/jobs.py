"""What SageMaker does in a stack: the pipeline, its jobs and its models.

Sources: Amazon SageMaker developer guide, "SageMaker Roles" and "Pipelines access management".
"""

from __future__ import annotations

from components.iam import resources
from components.iam.statement import SAGEMAKER, Actor, Resources, Statement, always


def _sagemaker_logs(groups: Resources) -> Statement:
    actions = ("logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents")
    return Statement("WriteJobLogs", actions, (groups,), "SageMaker writes what the container prints", by="SageMaker")


def _pull(repository: Resources, why: str) -> tuple[Statement, ...]:
    pull = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
    return (
        Statement("PullImage", pull, (repository,), why, by="SageMaker"),
        Statement(
            "LogInToRegistry",
            ("ecr:GetAuthorizationToken",),
            (resources.every_resource,),
            "ECR gives this action no resource level",
            by="SageMaker",
        ),
    )


_JOB_METRICS = Statement(
    "PublishJobMetrics",
    ("cloudwatch:PutMetricData",),
    (resources.every_resource,),
    "SageMaker publishes the job's metrics; CloudWatch gives this action no resource level, so the namespace restricts it",
    always({"StringLike": {"cloudwatch:namespace": "/aws/sagemaker/*"}}),
    by="SageMaker",
)
_JOB_KEY = (
    Statement(
        "UseKey",
        ("kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"),
        (resources.key,),
        "Reads and writes objects and items that are encrypted with the stack's key",
        when="key",
        by="S3, DynamoDB and SageMaker",
    ),
    Statement(
        "EncryptVolumes",
        ("kms:CreateGrant",),
        (resources.key,),
        "SageMaker encrypts the job's volumes through a grant",
        always({"Bool": {"kms:GrantIsForAWSResource": "true"}}),
        when="key",
        by="S3, DynamoDB and SageMaker",
    ),
)
_JOB_NETWORK = (
    Statement(
        "AttachToVpc",
        ("ec2:CreateNetworkInterface",),
        (resources.network_interfaces, resources.security_groups, resources.subnets),
        "SageMaker attaches the job to the stack's subnets, in its security groups",
        when="vpc",
        by="SageMaker",
    ),
    Statement(
        "UseInterfaces",
        ("ec2:CreateNetworkInterfacePermission", "ec2:DeleteNetworkInterface", "ec2:DeleteNetworkInterfacePermission"),
        (resources.network_interfaces,),
        "SageMaker attaches the interfaces to its own machines and deletes them; their ids are not known in advance",
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
        (resources.every_resource,),
        "SageMaker reads the VPC first; EC2 gives these actions no resource level",
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
                "sagemaker:CreateTransformJob",
                "sagemaker:DescribeProcessingJob",
                "sagemaker:DescribeTrainingJob",
                "sagemaker:DescribeTransformJob",
                "sagemaker:StopProcessingJob",
                "sagemaker:StopTrainingJob",
                "sagemaker:StopTransformJob",
            ),
            (resources.processing_jobs, resources.training_jobs, resources.transform_jobs),
            "Starts, watches and stops the jobs of the steps",
            by="SageMaker",
        ),
        Statement(
            "CreateModel",
            ("sagemaker:CreateModel", "sagemaker:DescribeModel"),
            (resources.models,),
            "The step that creates a model from the artefact; the backtest looks it up",
            by="SageMaker",
        ),
        Statement(
            "RegisterModel",
            ("sagemaker:CreateModelPackage", "sagemaker:DescribeModelPackage", "sagemaker:DescribeModelPackageGroup"),
            (resources.model_package_group, resources.model_packages),
            "The step that registers a version in the model package group",
            by="SageMaker",
        ),
        Statement(
            "TagCreated",
            ("sagemaker:AddTags",),
            (
                resources.processing_jobs,
                resources.training_jobs,
                resources.transform_jobs,
                resources.models,
                resources.model_packages,
            ),
            "Creating a resource with tags requires permission to tag it",
            by="SageMaker",
        ),
        Statement(
            "PassJobRoles",
            ("iam:PassRole",),
            (
                resources.processing_role,
                resources.training_role,
                resources.model_role,
                resources.evaluation_role,
                resources.prepare_role,
                resources.publish_role,
            ),
            "Jobs and the model have roles of their own",
            always({"StringEquals": {"iam:PassedToService": SAGEMAKER}}),
            by="SageMaker",
        ),
        Statement(
            "ReadPropertyFile",
            ("s3:GetObject",),
            (resources.evaluation_objects,),
            "The gate's condition and the registration read the property file",
            by="SageMaker",
        ),
        Statement(
            "ReadArtefact",
            ("s3:GetObject",),
            (resources.model_objects,),
            "SageMaker checks the artefact when it creates and registers a model",
            by="SageMaker",
        ),
        *_JOB_KEY,
    ),
)


def container_statements(*inputs: Resources) -> tuple[Statement, ...]:
    """What every container of our image needs: assets, executor, snapshot, image and logs; ``inputs`` are their buckets."""
    return (
        Statement(
            "ListInputs",
            ("s3:ListBucket",),
            (*inputs, resources.pipeline_bucket),
            "SageMaker lists the prefixes of the inputs and of the executor",
            by="SageMaker",
        ),
        Statement(
            "ReadAssets",
            ("s3:GetObject",),
            (resources.asset_objects,),
            "The price histories; the step compares them with the digests that the execution's snapshot froze",
            by="SageMaker",
        ),
        Statement(
            "ReadExecutor",
            ("s3:GetObject",),
            (resources.executor_objects,),
            "The script that the container starts with",
            by="SageMaker",
        ),
        Statement(
            "ReadSnapshotAndSyncLog",
            ("dynamodb:GetItem", "dynamodb:UpdateItem"),
            (resources.execution_table,),
            "Reads the frozen template and keeps the log's tail on the execution's item",
        ),
        *_pull(resources.repository, "SageMaker pulls our image"),
        _sagemaker_logs(resources.processing_logs),
        _JOB_METRICS,
        *_JOB_KEY,
        *_JOB_NETWORK,
    )


PROCESSING = Actor(
    "processing",
    SAGEMAKER,
    "The feature-engineering container, and SageMaker around it",
    (
        *container_statements(resources.assets_bucket),
        Statement(
            "WriteOutputs",
            ("s3:AbortMultipartUpload", "s3:PutObject"),
            (resources.execution_objects,),
            "SageMaker uploads the outputs; the container uploads its log",
        ),
    ),
)

TRAINING = Actor(
    "training",
    SAGEMAKER,
    "The training job of the built-in algorithm",
    (
        Statement(
            "ListChannels",
            ("s3:ListBucket",),
            (resources.models_bucket,),
            "SageMaker lists the channels' prefixes",
            by="SageMaker",
        ),
        Statement("ReadChannels", ("s3:GetObject",), (resources.channel_objects,), "train.json and test.json", by="SageMaker"),
        Statement(
            "WriteModel",
            ("s3:AbortMultipartUpload", "s3:PutObject"),
            (resources.model_objects,),
            "The model artefact",
            by="SageMaker",
        ),
        *_pull(resources.deepar_repository, "SageMaker pulls the built-in algorithm's image"),
        _sagemaker_logs(resources.training_logs),
        _JOB_METRICS,
        *_JOB_KEY,
        *_JOB_NETWORK,
    ),
)

MODEL = Actor(
    "model",
    SAGEMAKER,
    "A created model, on any endpoint or transform job",
    (
        Statement("ReadModel", ("s3:GetObject",), (resources.model_objects,), "The model artefact", by="SageMaker"),
        Statement(
            "ListRequests",
            ("s3:ListBucket",),
            (resources.models_bucket,),
            "A transform job lists the prefix of the request lines",
            by="SageMaker",
        ),
        Statement(
            "ReadRequests",
            ("s3:GetObject",),
            (resources.request_lines,),
            "The request lines of a backtest or a forecast",
            by="SageMaker",
        ),
        Statement(
            "WriteAnswers",
            ("s3:AbortMultipartUpload", "s3:PutObject"),
            (resources.answers,),
            "The model's answers to the request lines",
            by="SageMaker",
        ),
        *_pull(resources.deepar_repository, "SageMaker pulls the built-in algorithm's image"),
        _sagemaker_logs(resources.inference_logs),
        _JOB_METRICS,
        *_JOB_KEY,
        *_JOB_NETWORK,
    ),
)


EVALUATION = Actor(
    "evaluation",
    SAGEMAKER,
    "The evaluation container, and SageMaker around it",
    (
        Statement(
            "ReadBacktest",
            ("s3:GetObject",),
            (resources.evaluated_objects,),
            "Request lines and answers of the backtest, and the feature step's fitted state with its manifest",
            by="SageMaker",
        ),
        Statement(
            "WriteOutputs",
            ("s3:AbortMultipartUpload", "s3:PutObject"),
            (resources.evaluation_objects, resources.evaluation_manifests),
            "SageMaker uploads scores, the gate's property file and the manifest",
            by="SageMaker",
        ),
        Statement("WriteLog", ("s3:PutObject",), (resources.evaluation_logs,), "The container uploads its log"),
        Statement(
            "ReadForecasts",
            ("dynamodb:Query",),
            (resources.prediction_table,),
            "Reads the forecasts of the champion, the newest approved model, to compare with",
        ),
        *container_statements(resources.assets_bucket, resources.models_bucket),
    ),
)
