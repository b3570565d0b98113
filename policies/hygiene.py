"""What holds for every resource: tags, protection of data, no secrets, nothing that no control looks at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pipeline_def.check.finding import mask
from pipeline_def.check.secret_patterns import is_secret_value
from policies.controls import ANY_KIND, Control, Finding, ResourceControl, Verbatim
from policies.resources import Resource, is_list

REQUIRED_TAGS = ("project", "stack", "owner")
TAGGABLE = (
    "aws:s3/bucket:Bucket",
    "aws:s3/bucketObject:BucketObject",
    "aws:dynamodb/table:Table",
    "aws:ecr/repository:Repository",
    "aws:iam/role:Role",
    "aws:sagemaker/modelPackageGroup:ModelPackageGroup",
    "aws:sagemaker/pipeline:Pipeline",
    "aws:lambda/function:Function",
    "aws:cloudwatch/logGroup:LogGroup",
    "aws:cloudwatch/eventRule:EventRule",
    "aws:cloudwatch/metricAlarm:MetricAlarm",
    "aws:sqs/queue:Queue",
    "aws:sns/topic:Topic",
    "aws:scheduler/scheduleGroup:ScheduleGroup",
    "aws:kms/key:Key",
)
#: What holds data that can not be made again, and the key it can not be read without.
STATEFUL = (
    "aws:s3/bucket:Bucket",
    "aws:dynamodb/table:Table",
    "aws:ecr/repository:Repository",
    "aws:sagemaker/modelPackageGroup:ModelPackageGroup",
    "aws:kms/key:Key",
)
#: Known kinds without a control of their own: names and bindings, which say nothing of who may do what.
PLAIN = ("aws:kms/alias:Alias", "aws:sns/topicSubscription:TopicSubscription")
#: What the engine makes itself, and the program's own components, whose parts are judged one by one.
_FREE_PACKAGES = ("pulumi", "model-training")
#: Inputs that are secrets by their nature (and wrapped as such), or that a control of their own looks into.
_NOT_SCANNED: Mapping[str, tuple[str, ...]] = {
    "docker:index/image:Image": ("registry",),
    "aws:sagemaker/pipeline:Pipeline": ("pipelineDefinition",),
    "aws:lambda/function:Function": ("environment",),
}


def _tagged(resource: Resource) -> Iterator[Finding]:
    for tag in REQUIRED_TAGS:
        if not resource.has(f"tags.{tag}") and not resource.has(f"tagsAll.{tag}"):
            yield Finding(f"tags.{tag}", None, f"needed: the tags {', '.join(REQUIRED_TAGS)}")


def _protected(resource: Resource) -> Iterator[Finding]:
    if resource.production and not resource.protect:
        yield Finding("option protect", resource.protect, "allowed in production: True")
    for member in ("forceDestroy", "forceDelete"):
        if resource.production and resource.get(member) is True:
            yield Finding(member, True, "allowed in production: False, or deleting takes the data along")


def _no_secrets(resource: Resource) -> Iterator[Finding]:
    left_out = _NOT_SCANNED.get(resource.kind, ())
    for key in resource.props:
        if key in left_out or not resource.has(key) or resource.known(key) is None:
            continue
        for path, text in _texts(resource, key):
            if is_secret_value(text):
                yield Finding(path, Verbatim(mask(text)), "allowed: no secret; keep it in Secrets Manager")


def _texts(resource: Resource, path: str) -> Iterator[tuple[str, str]]:
    """Every text inside a property that is known already."""
    value: Any = resource.known(path)
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key in value:
            yield from _texts(resource, f"{path}.{key}")
    elif is_list(value):
        for index in range(len(value)):
            yield from _texts(resource, f"{path}.{index}")


def judged_kinds(others: Iterable[Control]) -> ResourceControl:
    """The control that lets through only what a control looks at, the others being all the rest of the pack.

    A list of what may not appear would miss what nobody thought of: a key's policy can also be a resource by itself.
    """
    judged = {kind for control in others for kind in control.kinds} | set(PLAIN)

    def look(resource: Resource) -> Iterator[Finding]:
        if resource.kind not in judged and resource.kind.partition(":")[0] not in _FREE_PACKAGES:
            allowed = (
                "allowed: kinds that a control looks at. Write one in policies/ (docs/policies.md, Adding a control), or name "
                "the kind in PLAIN of policies/hygiene.py where it says nothing of who may do what"
            )
            yield Finding("its type", resource.type, allowed)

    return ResourceControl(
        "no-foreign-resources",
        "Nothing is made that no control looks at",
        "SageMaker.1 SageMaker.2 SageMaker.3 IAM.2 CKV_AWS_22 CKV_AWS_187 CKV_AWS_307",
        ANY_KIND,
        look=look,
    )


CONTROLS = (
    ResourceControl("required-tags", "Everything says whose it is", "required-tags", TAGGABLE, look=_tagged),
    ResourceControl(
        "protected-data",
        "Data of production can not be deleted by mistake",
        "protected-data DynamoDB.6",
        STATEFUL,
        look=_protected,
        stricter_in_production=True,
    ),
    ResourceControl("no-secrets", "No input is a secret", "CKV_AWS_41 CKV_AWS_45 ECS.8", ANY_KIND, look=_no_secrets),
)
