"""Deploying the whole program: again, elsewhere, with everything set, wrongly, and half-way."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from contracts.outputs import FURTHER_OUTPUTS, exported_name
from contracts.problems import ProblemsError
from local_run.deployment.deploy import DeployedResource, ResourceError, deploy, preview
from local_run.emulator.server import Emulator
from tests.program.support import definition, left_over, texts

STACKS = ("dev", "prod", "local")


def test_stacks_share_an_account(emulator: Emulator, root: Path) -> None:
    deployments = [deploy(emulator, root, stack) for stack in STACKS]
    exported = [set(deployment.stack_outputs().exported().items()) for deployment in deployments]
    assert set.intersection(*exported) == {("region", "eu-central-1")}


def test_other_stacks_find_arns_among_the_exports(emulator: Emulator, root: Path) -> None:
    for stack in ("dev", "prod"):
        outputs = deploy(emulator, root, stack).outputs
        found = {field: outputs[exported_name(field)] for field in FURTHER_OUTPUTS}
        assert found["key_arn"].startswith("arn:aws:kms:") == (stack == "prod")
        assert all(value.startswith("arn:aws:") for field, value in found.items() if field != "key_arn")


def test_a_second_deployment_is_the_first_again(emulator: Emulator, root: Path) -> None:
    first = deploy(emulator, root, "dev")
    first.destroy()
    assert left_over(emulator) == set()
    second = deploy(emulator, root, "dev")
    assert second.outputs == first.outputs
    assert [_inputs(item) for item in sorted(second.resources, key=_urn)] == [
        _inputs(item) for item in sorted(first.resources, key=_urn)
    ]
    hashes = {item.outputs["codeSha256"] for item in first.of_type("aws:lambda/function:Function")}
    assert {item.outputs["codeSha256"] for item in second.of_type("aws:lambda/function:Function")} == hashes


def _urn(item: DeployedResource) -> str:
    return item.urn


def _inputs(item: DeployedResource) -> tuple[str, dict[str, object]]:
    """Without a function's archive, which is compared by its hash."""
    return item.urn, {key: value for key, value in item.inputs.items() if key != "code"}


def test_protected_data_refuses_to_be_destroyed(emulator: Emulator, root: Path) -> None:
    deployment = deploy(emulator, root, "prod")
    before = left_over(emulator)
    with pytest.raises(ProblemsError) as raised:
        deployment.destroy()
    protected = {problem.where.rsplit("::", 2)[1].rsplit("$", 1)[-1] for problem in raised.value.problems}
    assert protected >= {"aws:s3/bucket:Bucket", "aws:dynamodb/table:Table"}
    assert left_over(emulator) == before
    assert all(
        emulator.client("dynamodb").describe_table(TableName=table.id)["Table"]["DeletionProtectionEnabled"]
        for table in deployment.of_type("aws:dynamodb/table:Table")
    )


@pytest.mark.parametrize(("stack", "taken"), [("dev", "dead-letters"), ("prod", "dead-letters"), ("prod", "alarm")])
def test_a_failing_deployment_leaves_nothing_behind(emulator: Emulator, root: Path, stack: str, taken: str) -> None:
    if taken == "dead-letters":
        name = f"model-training-{stack}-dead-letters"
        emulator.client("sqs").create_queue(QueueName=name)
    else:
        name = deploy(emulator, root, stack).of_type("aws:cloudwatch/metricAlarm:MetricAlarm")[0].id
        emulator.reset()
        emulator.client("cloudwatch").put_metric_alarm(
            AlarmName=name, ComparisonOperator="GreaterThanThreshold", EvaluationPeriods=1, Threshold=1
        )
    with pytest.raises(ResourceError, match=f"{name}.*already exists") as raised:
        deploy(emulator, root, stack)
    assert not getattr(raised.value, "__notes__", [])
    assert {left.rsplit("/", 1)[-1] for left in left_over(emulator)} == {name}


def test_every_wrong_setting_is_told_before_anything_is_made(emulator: Emulator, root: Path) -> None:
    wrong = {"trainingInstanceType": "m5.xlarge", "logSyncSeconds": 0, "alarmEmail": "nobody", "bucketNmae": "a"}
    with pytest.raises(ProblemsError) as raised:
        deploy(emulator, root, "dev", wrong)
    assert {problem.where for problem in raised.value.problems} == {f"model-training:{key}" for key in wrong}
    assert left_over(emulator) == set()


def test_a_region_without_the_algorithm_is_refused(emulator: Emulator, root: Path) -> None:
    with pytest.raises(ProblemsError, match="forecasting-deepar exists in"):
        deploy(emulator, root, "dev", {"aws:region": "mars-north-1"})


@pytest.mark.parametrize("region", ["us-east-1", "us-west-2", "ap-northeast-1"])
def test_no_region_is_written_out(emulator: Emulator, root: Path, region: str) -> None:
    deployment = deploy(emulator, root, "dev", {"aws:region": region})
    assert deployment.region == region
    shown = [text for item in deployment.resources for text in texts({"in": item.inputs, "out": item.outputs})]
    assert {text for text in shown if "eu-central-1" in text} == set()
    assert left_over(emulator, region)


def test_everything_optional_set(emulator: Emulator, root: Path) -> None:
    vpc = {"subnetIds": ["subnet-0123456789abcdef0"], "securityGroupIds": ["sg-0123456789abcdef0"]}
    more = {
        "encryptionKey": "create",
        "managedSpot": True,
        "retrainingSchedule": "rate(7 days)",
        "retrainingTemplate": "weekly",
        "forecastSchedule": "rate(1 day)",
        "forecastTemplate": "weekly",
        "alarmEmail": "someone@example.com",
    }
    deployment = deploy(emulator, root, "dev", vpc | more)
    assert "subnet-0123456789abcdef0" in set(texts(definition(emulator, deployment)))
    (subscription,) = deployment.of_type("aws:sns/topicSubscription:TopicSubscription")
    assert subscription.inputs["endpoint"] == "someone@example.com"
    (key,) = deployment.of_type("aws:kms/key:Key")
    for bucket in deployment.of_type("aws:s3/bucket:Bucket"):
        rules = emulator.client("s3").get_bucket_encryption(Bucket=bucket.id)["ServerSideEncryptionConfiguration"]["Rules"]
        assert rules[0]["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"] in (key.id, key.outputs["arn"])


def test_access_logs_go_to_the_bucket_that_is_set(emulator: Emulator, root: Path) -> None:
    s3 = emulator.client("s3")
    s3.create_bucket(Bucket="audit-logs", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    allow = {"Effect": "Allow", "Principal": {"Service": "logging.s3.amazonaws.com"}, "Action": "s3:PutObject"}
    document = {"Version": "2012-10-17", "Statement": [allow | {"Resource": "arn:aws:s3:::audit-logs/*"}]}
    s3.put_bucket_policy(Bucket="audit-logs", Policy=json.dumps(document))
    outputs = deploy(emulator, root, "dev", {"accessLogsBucket": "audit-logs"}).stack_outputs()
    for bucket in (outputs.assets_bucket, outputs.models_bucket, outputs.pipeline_bucket):
        assert s3.get_bucket_logging(Bucket=bucket)["LoggingEnabled"]["TargetBucket"] == "audit-logs"


def test_previewing_a_first_deployment_makes_nothing(emulator: Emulator, root: Path) -> None:
    planned = {item.urn for item in preview(emulator, root, "dev")}
    assert left_over(emulator) == set()
    assert planned == {item.urn for item in deploy(emulator, root, "dev").resources}
