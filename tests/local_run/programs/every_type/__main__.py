"""A program that uses every resource type and provider function that the emulator supports."""

from __future__ import annotations

import json

import pulumi
import pulumi_aws as aws
import pulumi_docker as docker
from pulumi import FileArchive, FileAsset, Output, ResourceOptions

config = pulumi.Config()
account = aws.get_caller_identity().account_id
existing = aws.ecr.get_repositories().names


def document(**statement: object) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})


def trust(service: str) -> str:
    return document(Principal={"Service": service}, Action="sts:AssumeRole")


logs = aws.s3.Bucket("logs", force_destroy=True)
logs_policy = aws.s3.BucketPolicy(
    "logs-policy",
    bucket=logs.id,
    policy=logs.arn.apply(
        lambda arn: document(Principal={"Service": "logging.s3.amazonaws.com"}, Action="s3:PutObject", Resource=f"{arn}/*")
    ),
)


class Box(pulumi.ComponentResource):
    """A bucket with every setting."""

    def __init__(self, name: str) -> None:
        super().__init__("trial:box:Box", name)
        o = ResourceOptions(parent=self)
        self.bucket = aws.s3.Bucket(f"{name}-bucket", bucket=config.require("bucketName"), tags={"owner": "tests"}, opts=o)
        i = self.bucket.id
        flags = dict.fromkeys(
            ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets"), True
        )
        aws.s3.BucketPublicAccessBlock(f"{name}-block", bucket=i, **flags, opts=o)
        aws.s3.BucketOwnershipControls(f"{name}-owner", bucket=i, rule={"object_ownership": "BucketOwnerEnforced"}, opts=o)
        versioning = aws.s3.BucketVersioning(
            f"{name}-versioning", bucket=i, versioning_configuration={"status": "Enabled"}, opts=o
        )
        by_default = {"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}
        encryption = aws.s3.BucketServerSideEncryptionConfiguration(f"{name}-encryption", bucket=i, rules=[by_default], opts=o)
        rule = {
            "id": "tidy",
            "status": "Enabled",
            "abort_incomplete_multipart_upload": {"days_after_initiation": 7},
            "noncurrent_version_expiration": {"noncurrent_days": 30},
        }
        aws.s3.BucketLifecycleConfiguration(f"{name}-lifecycle", bucket=i, rules=[rule], opts=o)
        aws.s3.BucketPolicy(f"{name}-policy", bucket=i, policy=self.bucket.arn.apply(_tls_only), opts=o)
        aws.s3.BucketLogging(
            f"{name}-logging",
            bucket=i,
            target_bucket=logs.id,
            target_prefix="log/",
            opts=ResourceOptions(parent=self, depends_on=[logs_policy]),
        )
        after = ResourceOptions(parent=self, depends_on=[versioning, encryption])
        aws.s3.BucketObjectv2(f"{name}-code", bucket=i, key="code/x.py", source=FileAsset("code/handler.py"), opts=after)
        aws.s3.BucketObjectv2(f"{name}-text", bucket=i, key="text", content="words", opts=after)
        self.register_outputs({"bucket": self.bucket.id})


def _tls_only(arn: str) -> str:
    statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": [arn, f"{arn}/*"]}
    condition = {"Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement | condition]})


box = Box("box")
key = aws.kms.Key(
    "key",
    description="of the trial",
    enable_key_rotation=True,
    deletion_window_in_days=30,
    policy=document(Principal={"AWS": f"arn:aws:iam::{account}:root"}, Action="kms:*", Resource="*"),
)
aws.kms.Alias("alias", name="alias/trial", target_key_id=key.key_id)
table = aws.dynamodb.Table(
    "table",
    name="trial-table",
    hash_key="Id",
    attributes=[{"name": "Id", "type": "S"}, {"name": "Parent", "type": "S"}],
    billing_mode="PAY_PER_REQUEST",
    global_secondary_indexes=[{"name": "ParentIndex", "hash_key": "Parent", "projection_type": "ALL"}],
    point_in_time_recovery={"enabled": True},
    ttl={"attribute_name": "ExpiresAt", "enabled": True},
    server_side_encryption={"enabled": True, "kms_key_arn": key.arn},
    deletion_protection_enabled=True,
)
aws.dynamodb.Table(
    "plain-table",
    name="trial-plain",
    hash_key="Id",
    attributes=[{"name": "Id", "type": "S"}],
    billing_mode="PAY_PER_REQUEST",
    point_in_time_recovery={"enabled": False},
)
repository = aws.ecr.Repository(
    "repository",
    name="trial-images",
    image_tag_mutability="IMMUTABLE",
    image_scanning_configuration={"scan_on_push": True},
    encryption_configurations=[{"encryption_type": "KMS", "kms_key": key.arn}],
    force_delete=True,
)
expiry = {
    "rulePriority": 1,
    "selection": {
        "tagStatus": "untagged",
        "countType": "sinceImagePushed",
        "countUnit": "days",
        "countNumber": 14,
    },
    "action": {"type": "expire"},
}
aws.ecr.LifecyclePolicy("image-lifecycle", repository=repository.name, policy=json.dumps({"rules": [expiry]}))
token = aws.ecr.get_authorization_token_output(registry_id=repository.registry_id)
image = docker.Image(
    "image",
    image_name=Output.concat(repository.repository_url, ":0123abcd"),
    build={"context": ".", "platform": "linux/amd64"},
    registry={"server": repository.repository_url, "username": token.user_name, "password": token.password},
)
pushed = aws.ecr.get_images_output(repository_name=image.image_name.apply(lambda name: name.split("/")[1].split(":")[0]))

role = aws.iam.Role("role", assume_role_policy=trust("lambda.amazonaws.com"))
aws.iam.RolePolicy("reads", name="reads", role=role.name, policy=table.arn.apply(
    lambda arn: document(Action="dynamodb:GetItem", Resource=arn)))  # fmt: skip
aws.sagemaker.ModelPackageGroup("group", model_package_group_name="trial-models")
pipeline = aws.sagemaker.Pipeline(
    "pipeline",
    pipeline_name="trial-pipeline",
    pipeline_display_name="trial-pipeline",
    role_arn=role.arn,
    pipeline_definition=image.repo_digest.apply(lambda digest: json.dumps({"Version": "2020-12-01", "Image": digest})),
)
log_group = aws.cloudwatch.LogGroup("log-group", name="/aws/lambda/trial", retention_in_days=30)
queue = aws.sqs.Queue("queue", name="trial-queue", message_retention_seconds=1209600, kms_master_key_id=key.key_id)
aws.sqs.QueuePolicy("queue-policy", queue_url=queue.url, policy=document(
    Principal={"Service": "events.amazonaws.com"}, Action="sqs:SendMessage", Resource="*"))  # fmt: skip
function = aws.lambda_.Function(
    "function",
    name="trial-function",
    role=role.arn,
    runtime="python3.12",
    handler="handler.handle",
    code=pulumi.AssetArchive({"handler.py": FileAsset("code/handler.py"), "more": FileArchive("code")}),
    environment={"variables": {"TOKEN": Output.secret("canary")}},
    timeout=60,
    memory_size=256,
    reserved_concurrent_executions=2,
    dead_letter_config={"target_arn": queue.arn},
    tracing_config={"mode": "Active"},
)
rule = aws.cloudwatch.EventRule("rule", name="trial-rule", event_pattern=json.dumps({"source": ["aws.sagemaker"]}))
aws.cloudwatch.EventTarget(
    "target",
    rule=rule.name,
    arn=function.arn,
    dead_letter_config={"arn": queue.arn},
    retry_policy={"maximum_event_age_in_seconds": 3600, "maximum_retry_attempts": 5},
)
aws.lambda_.Permission(
    "permission",
    function=function.name,
    action="lambda:InvokeFunction",
    principal="events.amazonaws.com",
    source_arn=rule.arn,
    source_account=account,
)
aws.lambda_.FunctionEventInvokeConfig(
    "asynchronous",
    function_name=function.name,
    maximum_retry_attempts=2,
    maximum_event_age_in_seconds=3600,
    destination_config={"on_failure": {"destination": queue.arn}},
)
topic = aws.sns.Topic("topic", name="trial-topic", kms_master_key_id=key.key_id)
aws.sns.TopicPolicy("topic-policy", arn=topic.arn, policy=document(
    Principal={"Service": "cloudwatch.amazonaws.com"}, Action="sns:Publish", Resource="*"))  # fmt: skip
aws.sns.TopicSubscription("subscription", topic=topic.arn, protocol="email", endpoint="someone@example.com")
aws.cloudwatch.MetricAlarm(
    "alarm",
    name="trial-alarm",
    comparison_operator="GreaterThanThreshold",
    evaluation_periods=1,
    metric_name="ApproximateNumberOfMessagesVisible",
    namespace="AWS/SQS",
    period=300,
    statistic="Sum",
    threshold=0,
    alarm_actions=[topic.arn],
    ok_actions=[topic.arn],
    insufficient_data_actions=[topic.arn],
    dimensions={"QueueName": queue.name},
    treat_missing_data="notBreaching",
)
schedules = aws.scheduler.ScheduleGroup("schedules", name="trial-schedules")
aws.scheduler.Schedule(
    "schedule",
    name="trial-schedule",
    group_name=schedules.name,
    schedule_expression="rate(1 days)",
    flexible_time_window={"mode": "OFF"},
    target={
        "arn": function.arn,
        "role_arn": role.arn,
        "input": "{}",
        "retry_policy": {"maximum_retry_attempts": 3, "maximum_event_age_in_seconds": 600},
        "dead_letter_config": {"arn": queue.arn},
    },
)

pulumi.export("bucket", box.bucket.bucket)
pulumi.export("identity", {"account": account, "repositories": existing})
pulumi.export("function", function.arn)
pulumi.export("timeout", function.timeout)
pulumi.export("environment", function.environment)
pulumi.export("password", token.password)
pulumi.export("images", pushed.image_ids)
pulumi.export("secret", Output.secret("canary"))
