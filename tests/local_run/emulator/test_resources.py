"""Each resource type: its outputs, reading, updates and deletion."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pulumi
import pytest

from local_run.deployment.deploy import DeployedResource, Deployment, deploy
from local_run.emulator.resources import RESOURCES, Aws, Properties, resource_of
from local_run.emulator.server import Emulator
from tests.local_run.programs.small import REGION

EVERY_TYPE = Path(__file__).parents[1] / "programs" / "every_type"

#: Types that are gone only when their parent is: AWS always has a value for them.
WITH_THE_PARENT = {
    "docker:index/image:Image",
    "aws:sns/topicPolicy:TopicPolicy",
    "aws:kms/keyPolicy:KeyPolicy",
    "aws:s3/bucketVersioning:BucketVersioning",
}
#: Outputs that the provider leaves empty unless they are set, although its schema requires them.
EMPTY_UNLESS_SET = {
    "aws:s3/bucket:Bucket": "accelerationStatus acl bucketNamespace corsRules grants hostedZoneId lifecycleRules logging "
    "objectLockConfiguration policy replicationConfiguration serverSideEncryptionConfiguration versioning website "
    "websiteDomain websiteEndpoint",
    "aws:s3/bucketObjectv2:BucketObjectv2": "checksumCrc32 checksumCrc32c checksumCrc64nvme checksumSha1 checksumSha256 source",
    "aws:s3/bucketObject:BucketObject": "source",
    "aws:dynamodb/table:Table": "globalTableWitness warmThroughput",
}


@pytest.fixture(scope="class")
def emulator() -> Iterator[Emulator]:
    with Emulator(region=REGION) as running:
        yield running


@pytest.fixture(scope="class")
def deployment(emulator: Emulator) -> Iterator[Deployment]:
    """The program with every type: one for each class of tests, and one for each test outside of a class."""
    with contextlib.chdir(EVERY_TYPE):
        yield deploy(emulator, EVERY_TYPE, "dev")


def made(deployment: Deployment) -> Iterator[tuple[DeployedResource, Aws]]:
    for resource in deployment.resources:
        if resource.aws is not None:
            yield resource, resource.aws


def sdk_class(type_: str) -> Any:
    package, module, name = type_.split(":")
    folder = module.partition("/")[0]
    folder = {"lambda": "lambda_", "index": ""}.get(folder, folder)
    return getattr(importlib.import_module(".".join(filter(None, (f"pulumi_{package}", folder)))), name)


def required_outputs(type_: str) -> set[str]:
    """Wire names of the outputs that the SDK declares as always there."""
    names = set()
    for name, member in inspect.getmembers(sdk_class(type_), lambda item: isinstance(item, property)):
        annotation = str(member.fget.__annotations__.get("return", ""))
        if "Output[" in annotation and "Optional" not in annotation and name not in ("id", "urn"):
            names.add(getattr(member.fget, "_pulumi_name", None) or name)
    return names


class TestRead:
    """These tests share a deployment and only read it."""

    def test_every_output_that_the_sdk_requires_is_set(self, deployment: Deployment) -> None:
        missing = {}
        for resource, _ in made(deployment):
            empty = set(EMPTY_UNLESS_SET.get(resource.type, "").split())
            required = required_outputs(resource.type)
            assert required, resource.type
            lacking = required - resource.outputs.keys() - empty
            if lacking:
                missing[resource.type] = lacking
        assert missing == {}

    def test_outputs_contain_the_inputs_unchanged(self, deployment: Deployment) -> None:
        # What only building and pushing an image needs.
        kept = {"registry", "build", "buildOnPreview", "skipPush"}
        for resource, _ in made(deployment):
            for key in resource.inputs.keys() - kept:
                assert resource.outputs[key] == resource.inputs[key], (resource.urn, key)

    def test_reading_returns_the_same_outputs_as_creating(self, deployment: Deployment) -> None:
        for resource, aws in made(deployment):
            found = resource_of(resource.type).read(aws, resource.id, resource.state)
            assert found is not None, resource.urn
            different = {key for key in resource.outputs if found[key] != resource.state[key]}
            assert different <= {"attachmentCount"}, resource.urn

    def test_planned_ids_are_the_ids_after_creation(self, deployment: Deployment) -> None:
        for resource, aws in made(deployment):
            planned = resource_of(resource.type).planned_id(aws, resource.state)
            assert planned is None or planned.endswith(resource.id), resource.urn


def test_updating_with_the_same_inputs_changes_nothing(deployment: Deployment) -> None:
    for resource, aws in made(deployment):
        inputs = {key: resource.state[key] for key in resource.inputs}
        outputs = resource_of(resource.type).update(aws, resource.id, inputs, inputs)
        changing = {"attachmentCount", "lastModified", "versionId", "version", "qualifiedArn", "qualifiedInvokeArn"}
        different = {key for key in resource.outputs if outputs.get(key) != resource.state[key]}
        assert different <= changing, resource.urn


def test_updating_ignores_values_that_are_only_outputs(deployment: Deployment) -> None:
    """The engine passes the old outputs too, such as the empty policy of a topic whose policy is another resource."""
    for resource, aws in made(deployment):
        inputs = {key: resource.state[key] for key in resource.inputs}
        resource_of(resource.type).update(aws, resource.id, dict(resource.state), inputs)


def test_a_deleted_resource_is_gone_and_deleting_it_again_is_no_error(deployment: Deployment) -> None:
    for resource, aws in reversed(list(made(deployment))):
        kind = resource_of(resource.type)
        kind.discard(aws, resource.id, resource.state)
        if resource.type not in WITH_THE_PARENT:
            assert kind.read(aws, resource.id, resource.state) is None, resource.urn
        kind.discard(aws, resource.id, resource.state)


def test_properties_that_force_a_replacement_are_inputs_of_the_type() -> None:
    for type_, kind in RESOURCES.items():
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


def look_or_none(look: Look, emulator: Emulator) -> object:
    try:
        return look(emulator)
    except KeyError:
        return None


class TestChanges:
    """These tests share a deployment; each changes other properties."""

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
    def test_a_changed_property_is_updated_in_place(
        self, emulator: Emulator, deployment: Deployment, name: str, change: Change, look: Look, expected: object
    ) -> None:
        assert look_or_none(look, emulator) != expected
        resource, aws = next((resource, aws) for resource, aws in made(deployment) if resource.name == name)
        inputs = {key: resource.state[key] for key in resource.inputs}
        assert not change.keys() & set(resource_of(resource.type).replace_on)
        outputs = resource_of(resource.type).update(aws, resource.id, inputs, {**inputs, **change})
        assert look(emulator) == expected
        assert {key: outputs[key] for key in change} == change

    def test_changed_code_updates_the_function(self, deployment: Deployment) -> None:
        (function,) = deployment.of_type("aws:lambda/function:Function")
        assert function.aws is not None
        inputs = {key: function.state[key] for key in function.inputs}
        code = pulumi.AssetArchive({"handler.py": pulumi.StringAsset("def handle(event, context): return 2\n")})
        outputs = resource_of(function.type).update(function.aws, function.id, inputs, {**inputs, "code": code})
        assert outputs["codeSha256"] != function.outputs["codeSha256"]
        assert outputs["sourceCodeSize"] < function.outputs["sourceCodeSize"]


def test_a_name_is_generated_if_the_program_sets_none() -> None:
    kind = resource_of("aws:sqs/queue:Queue")
    given: Properties = {"name": "given"}
    assert kind.named(given, "logical", "seed") == given
    assert kind.named({}, "logical", "seed") == kind.named({}, "logical", "seed")
    assert kind.named({}, "logical", "seed") != kind.named({}, "logical", "other")
    assert kind.named({"namePrefix": "pre-"}, "logical", "seed")["name"].startswith("pre-")
    assert resource_of("aws:kms/alias:Alias").named({}, "logical", "seed")["name"].startswith("alias/logical-")
