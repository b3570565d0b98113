"""AWS has what the program declares: each row asks the service, not the outputs of the deployment."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from local_run.emulator.server import ACCOUNT_ID, Emulator
from tests.local_run.programs.every import every_type_deployed
from tests.local_run.programs.small import REGION

Look = Callable[[Emulator], object]
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT_ID}:trial-topic"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT_ID}:trial-queue"


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with every_type_deployed() as (running, _):
        yield running


def table(emulator: Emulator) -> Any:
    return emulator.client("dynamodb").describe_table(TableName="trial-table")["Table"]


def recovery(emulator: Emulator) -> object:
    answer = emulator.client("dynamodb").describe_continuous_backups(TableName="trial-table")
    return answer["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"]


def recovery_of_plain_table(emulator: Emulator) -> object:
    answer = emulator.client("dynamodb").describe_continuous_backups(TableName="trial-plain")
    return answer["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"]


def time_to_live(emulator: Emulator) -> object:
    answer = emulator.client("dynamodb").describe_time_to_live(TableName="trial-table")["TimeToLiveDescription"]
    return answer["TimeToLiveStatus"], answer["AttributeName"]


def alarm(emulator: Emulator) -> Any:
    (found,) = emulator.client("cloudwatch").describe_alarms()["MetricAlarms"]
    return found


def bucket(operation: str, *path: str | int) -> Look:
    def look(emulator: Emulator) -> object:
        answer: Any = getattr(emulator.client("s3"), operation)(Bucket="trial-data")
        for part in path:
            answer = answer[part]
        return answer

    return look


def repository(emulator: Emulator) -> Any:
    (found,) = emulator.client("ecr").describe_repositories()["repositories"]
    return found


def queue(emulator: Emulator) -> Any:
    url = emulator.client("sqs").get_queue_url(QueueName="trial-queue")["QueueUrl"]
    return emulator.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]


def function(emulator: Emulator) -> Any:
    return emulator.client("lambda").get_function(FunctionName="trial-function")["Configuration"]


def failed_events(emulator: Emulator) -> object:
    found = emulator.client("lambda").get_function_event_invoke_config(FunctionName="trial-function")
    return found["MaximumRetryAttempts"], found["DestinationConfig"]["OnFailure"]["Destination"]


def target(emulator: Emulator) -> Any:
    (found,) = emulator.client("events").list_targets_by_rule(Rule="trial-rule")["Targets"]
    return found


def schedule(emulator: Emulator) -> Any:
    return emulator.client("scheduler").get_schedule(Name="trial-schedule", GroupName="trial-schedules")


def key_rotates(emulator: Emulator) -> object:
    (key,) = [item["TargetKeyId"] for item in emulator.client("kms").list_aliases()["Aliases"] if "trial" in item["AliasName"]]
    return emulator.client("kms").get_key_rotation_status(KeyId=key)["KeyRotationEnabled"]


@pytest.mark.parametrize(
    ("look", "expected"),
    [
        (recovery, "ENABLED"),
        (recovery_of_plain_table, "DISABLED"),
        (time_to_live, ("ENABLED", "ExpiresAt")),
        (lambda emulator: table(emulator)["DeletionProtectionEnabled"], True),
        (lambda emulator: table(emulator)["SSEDescription"]["Status"], "ENABLED"),
        (lambda emulator: table(emulator)["BillingModeSummary"]["BillingMode"], "PAY_PER_REQUEST"),
        (lambda emulator: [index["IndexName"] for index in table(emulator)["GlobalSecondaryIndexes"]], ["ParentIndex"]),
        (lambda emulator: alarm(emulator)["AlarmActions"], [TOPIC]),
        (lambda emulator: alarm(emulator)["OKActions"], [TOPIC]),
        (lambda emulator: alarm(emulator)["InsufficientDataActions"], [TOPIC]),
        (lambda emulator: alarm(emulator)["Dimensions"], [{"Name": "QueueName", "Value": "trial-queue"}]),
        (lambda emulator: alarm(emulator)["TreatMissingData"], "notBreaching"),
        (bucket("get_bucket_versioning", "Status"), "Enabled"),
        (bucket("get_public_access_block", "PublicAccessBlockConfiguration", "BlockPublicAcls"), True),
        (bucket("get_bucket_ownership_controls", "OwnershipControls", "Rules", 0, "ObjectOwnership"), "BucketOwnerEnforced"),
        (bucket("get_bucket_lifecycle_configuration", "Rules", 0, "NoncurrentVersionExpiration", "NoncurrentDays"), 30),
        (bucket("get_bucket_logging", "LoggingEnabled", "TargetPrefix"), "log/"),
        (bucket("get_bucket_tagging", "TagSet"), [{"Key": "owner", "Value": "tests"}]),
        (lambda emulator: repository(emulator)["imageTagMutability"], "IMMUTABLE"),
        (lambda emulator: repository(emulator)["imageScanningConfiguration"], {"scanOnPush": True}),
        (lambda emulator: repository(emulator)["encryptionConfiguration"]["encryptionType"], "KMS"),
        (lambda emulator: queue(emulator)["MessageRetentionPeriod"], "1209600"),
        (lambda emulator: "events.amazonaws.com" in queue(emulator)["Policy"], True),
        (lambda emulator: (function(emulator)["Timeout"], function(emulator)["MemorySize"]), (60, 256)),
        (lambda emulator: function(emulator)["TracingConfig"]["Mode"], "Active"),
        (failed_events, (2, QUEUE)),
        (lambda emulator: target(emulator)["DeadLetterConfig"]["Arn"], QUEUE),
        (lambda emulator: target(emulator)["RetryPolicy"]["MaximumRetryAttempts"], 5),
        (lambda emulator: schedule(emulator)["Target"]["RetryPolicy"]["MaximumRetryAttempts"], 3),
        (lambda emulator: schedule(emulator)["Target"]["DeadLetterConfig"]["Arn"], QUEUE),
        (lambda emulator: emulator.client("logs").describe_log_groups()["logGroups"][0]["retentionInDays"], 30),
        (key_rotates, True),
    ],
)
def test_aws_has_what_the_program_declares(emulator: Emulator, look: Look, expected: object) -> None:
    assert look(emulator) == expected


def test_the_rules_pattern_and_the_pipelines_definition_are_stored_as_declared(emulator: Emulator) -> None:
    assert json.loads(emulator.client("events").describe_rule(Name="trial-rule")["EventPattern"]) == {
        "source": ["aws.sagemaker"]
    }
    definition = emulator.client("sagemaker").describe_pipeline(PipelineName="trial-pipeline")["PipelineDefinition"]
    assert json.loads(definition)["Image"].startswith(f"{ACCOUNT_ID}.dkr.ecr.")
