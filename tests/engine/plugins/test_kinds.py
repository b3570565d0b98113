"""Every resource type as the engine uses it: read back, updated in place, and deleted."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterator
from typing import Any

import pulumi
import pytest
from emulated.kinds import KINDS, kind_of

from local_run.deployment.deploy import Deployment
from local_run.emulator.resources import RESOURCES
from local_run.emulator.server import Emulator
from tests.local_run.emulator.test_resources import sdk_class
from tests.local_run.programs.every import every_type_deployed, physical_resources


@pytest.fixture(scope="module")
def emulator_and_deployment() -> Iterator[tuple[Emulator, Deployment]]:
    with every_type_deployed() as deployed:
        yield deployed


@pytest.fixture
def emulator(emulator_and_deployment: tuple[Emulator, Deployment]) -> Emulator:
    return emulator_and_deployment[0]


@pytest.fixture
def deployment(emulator_and_deployment: tuple[Emulator, Deployment]) -> Deployment:
    """A deployment that a module shares: a test that changes a resource changes it back."""
    return emulator_and_deployment[1]


def test_every_type_can_be_read_and_updated() -> None:
    assert KINDS.keys() == RESOURCES.keys()


def test_reading_returns_the_outputs_of_the_creation(deployment: Deployment) -> None:
    for resource, aws in physical_resources(deployment):
        found = kind_of(resource.type).read(aws, resource.id, resource.state)
        assert found is not None, resource.urn
        assert {key for key in resource.outputs if found[key] != resource.state[key]} == set(), resource.urn


def test_updating_with_the_same_inputs_changes_nothing(deployment: Deployment) -> None:
    for resource, aws in physical_resources(deployment):
        inputs = {key: resource.state[key] for key in resource.inputs}
        outputs = kind_of(resource.type).update(aws, resource.id, inputs, inputs)
        changing = {"lastModified", "versionId", "version", "qualifiedArn", "qualifiedInvokeArn"}
        different = {key for key in resource.outputs if outputs.get(key) != resource.state[key]}
        assert different <= changing, resource.urn


def test_updating_ignores_values_that_only_the_outputs_have(deployment: Deployment) -> None:
    """The engine passes old outputs as well, such as the empty policy of a topic whose policy is a resource of its own."""
    for resource, aws in physical_resources(deployment):
        inputs = {key: resource.state[key] for key in resource.inputs}
        kind_of(resource.type).update(aws, resource.id, dict(resource.state), inputs)


def test_inputs_that_force_a_replacement_are_inputs_of_the_type() -> None:
    for type_, kind in KINDS.items():
        parameters = set(inspect.signature(sdk_class(type_)._internal_init).parameters)
        names = {_python_name(name) for name in kind.replace_on}
        assert names <= parameters, (type_, names - parameters)


def _python_name(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


Change = dict[str, Any]
Look = Callable[[Emulator], object]


def bucket_tags(emulator: Emulator) -> object:
    return emulator.client("s3").get_bucket_tagging(Bucket="trial-data")["TagSet"]


def block(emulator: Emulator) -> object:
    answer = emulator.client("s3").get_public_access_block(Bucket="trial-data")
    return answer["PublicAccessBlockConfiguration"]["BlockPublicAcls"]


def versioning(emulator: Emulator) -> object:
    return emulator.client("s3").get_bucket_versioning(Bucket="trial-data")["Status"]


def text(emulator: Emulator) -> object:
    return emulator.client("s3").get_object(Bucket="trial-data", Key="text")["Body"].read()


def text_tags(emulator: Emulator) -> object:
    return emulator.client("s3").get_object_tagging(Bucket="trial-data", Key="text")["TagSet"]


def table_protection(emulator: Emulator) -> object:
    return emulator.client("dynamodb").describe_table(TableName="trial-table")["Table"]["DeletionProtectionEnabled"]


def table_indexes(emulator: Emulator) -> object:
    table = emulator.client("dynamodb").describe_table(TableName="trial-table")["Table"]
    return [index["IndexName"] for index in table["GlobalSecondaryIndexes"]]


def scanning(emulator: Emulator) -> object:
    answer = emulator.client("ecr").describe_repositories(repositoryNames=["trial-images"])
    return answer["repositories"][0]["imageScanningConfiguration"]["scanOnPush"]


def definition(emulator: Emulator) -> object:
    return emulator.client("sagemaker").describe_pipeline(PipelineName="trial-pipeline")["PipelineDefinition"]


def timeout(emulator: Emulator) -> object:
    configuration = emulator.client("lambda").get_function(FunctionName="trial-function")["Configuration"]
    return configuration["Timeout"], configuration["Environment"]["Variables"]


def retention(emulator: Emulator) -> object:
    return emulator.client("logs").describe_log_groups()["logGroups"][0]["retentionInDays"]


def pattern(emulator: Emulator) -> object:
    return json.loads(emulator.client("events").describe_rule(Name="trial-rule")["EventPattern"])


def boundary(emulator: Emulator) -> object:
    names = [role["RoleName"] for role in emulator.client("iam").list_roles()["Roles"]]
    (role,) = [name for name in names if name.startswith("role-")]
    return emulator.client("iam").get_role(RoleName=role)["Role"]["PermissionsBoundary"]["PermissionsBoundaryArn"]


def attempts(emulator: Emulator) -> object:
    targets = emulator.client("events").list_targets_by_rule(Rule="trial-rule")["Targets"]
    return [target["RetryPolicy"]["MaximumRetryAttempts"] for target in targets]


def kept_seconds(emulator: Emulator) -> object:
    url = emulator.client("sqs").get_queue_url(QueueName="trial-queue")["QueueUrl"]
    answer = emulator.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["MessageRetentionPeriod"])
    return answer["Attributes"]["MessageRetentionPeriod"]


def expression(emulator: Emulator) -> object:
    answer = emulator.client("scheduler").get_schedule(Name="trial-schedule", GroupName="trial-schedules")
    return answer["ScheduleExpression"]


def threshold(emulator: Emulator) -> object:
    return emulator.client("cloudwatch").describe_alarms()["MetricAlarms"][0]["Threshold"]


def display_name(emulator: Emulator) -> object:
    arn = emulator.client("sns").list_topics()["Topics"][0]["TopicArn"]
    return emulator.client("sns").get_topic_attributes(TopicArn=arn)["Attributes"]["DisplayName"]


INDEXES = [{"name": "OtherIndex", "hashKey": "Parent", "projectionType": "ALL"}]
BOUNDARY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
VARIABLES = {"variables": {"OTHER": "1"}}


@pytest.mark.parametrize(
    ("name", "change", "look", "expected"),
    [
        ("box-bucket", {"tags": {"owner": "others"}}, bucket_tags, [{"Key": "owner", "Value": "others"}]),
        ("box-block", {"blockPublicAcls": False}, block, False),
        ("box-versioning", {"versioningConfiguration": {"status": "Suspended"}}, versioning, "Suspended"),
        ("box-text", {"content": "other words"}, text, b"other words"),
        ("box-text", {"tags": {"owner": "a + b"}}, text_tags, [{"Key": "owner", "Value": "a + b"}]),
        ("table", {"deletionProtectionEnabled": False}, table_protection, False),
        ("table", {"globalSecondaryIndexes": INDEXES}, table_indexes, ["OtherIndex"]),
        ("repository", {"imageScanningConfiguration": {"scanOnPush": False}}, scanning, False),
        ("pipeline", {"pipelineDefinition": '{"Version": "2020-12-01"}'}, definition, '{"Version": "2020-12-01"}'),
        ("function", {"timeout": 90, "environment": VARIABLES}, timeout, (90, {"OTHER": "1"})),
        ("log-group", {"retentionInDays": 7}, retention, 7),
        ("rule", {"eventPattern": '{"source": ["other"]}'}, pattern, {"source": ["other"]}),
        ("target", {"retryPolicy": {"maximumRetryAttempts": 1}}, attempts, [1]),
        ("queue", {"messageRetentionSeconds": 60}, kept_seconds, "60"),
        ("role", {"permissionsBoundary": BOUNDARY}, boundary, BOUNDARY),
        ("schedule", {"scheduleExpression": "rate(2 days)"}, expression, "rate(2 days)"),
        ("alarm", {"threshold": 3}, threshold, 3.0),
        ("topic", {"displayName": "Alarms"}, display_name, "Alarms"),
    ],
)
def test_a_change_in_place_and_back(
    emulator: Emulator, deployment: Deployment, name: str, change: Change, look: Look, expected: object
) -> None:
    before = look_or_none(look, emulator)
    assert before != expected
    resource, aws = next((resource, aws) for resource, aws in physical_resources(deployment) if resource.name == name)
    kind, inputs = kind_of(resource.type), {key: resource.state[key] for key in resource.inputs}
    assert not change.keys() & set(kind.replace_on)
    outputs = kind.update(aws, resource.id, inputs, {**inputs, **change})
    assert look(emulator) == expected
    assert {key: outputs[key] for key in change} == change
    kind.update(aws, resource.id, outputs, inputs)
    assert look_or_none(look, emulator) == before


def look_or_none(look: Look, emulator: Emulator) -> object:
    try:
        return look(emulator)
    except KeyError:
        return None


def test_changed_code_changes_the_function(emulator: Emulator, deployment: Deployment) -> None:
    (function,) = deployment.of_type("aws:lambda/function:Function")
    assert function.aws is not None
    inputs = {key: function.state[key] for key in function.inputs}
    code = pulumi.AssetArchive({"handler.py": pulumi.StringAsset("def handle(event, context): return 2\n")})
    outputs = kind_of(function.type).update(function.aws, function.id, inputs, {**inputs, "code": code})
    assert outputs["codeSha256"] != function.outputs["codeSha256"]
    assert outputs["sourceCodeSize"] < function.outputs["sourceCodeSize"]
