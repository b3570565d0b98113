"""The permissions that IAM requires for a deployment's requests: action, resource and conditions.

Source: Service Authorization Reference. A request that these tables do not know raises an error, so a test fails.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.model import OperationModel

from components.iam.statement import LAMBDA, SAGEMAKER, SCHEDULER
from local_run.emulator.actors import DEPLOYER
from tests.components.iam_calls import REGION, Call
from tests.components.recording import ACCOUNT

#: Operations whose right has another name, and services that sign with another name than their rights begin with.
ACTION_NAMES = {
    "DeleteBucketEncryption": "PutEncryptionConfiguration",
    "DeleteBucketLifecycle": "PutLifecycleConfiguration",
    "DeleteBucketOwnershipControls": "PutBucketOwnershipControls",
    "DeleteObjects": "DeleteObject",
    "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "HeadBucket": "ListBucket",
    "HeadObject": "GetObject",
    "ListObjectVersions": "ListBucketVersions",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
}
SERVICE_PREFIXES = {"monitoring": "cloudwatch"}
#: By service and parameter, the resource that the parameter names; ARNs are used as they are.
NAMED = {
    ("dynamodb", "TableName"): "table/{}",
    ("ecr", "repositoryName"): "repository/{}",
    ("events", "Name"): "rule/{}",
    ("events", "Rule"): "rule/{}",
    ("cloudwatch", "AlarmName"): "alarm:{}",
    ("cloudwatch", "AlarmNames"): "alarm:{}",
    ("iam", "RoleName"): "role/{}",
    ("kms", "AliasName"): "{}",
    ("kms", "KeyId"): "key/{}",
    ("kms", "TargetKeyId"): "key/{}",
    ("lambda", "FunctionName"): "function:{}",
    ("logs", "logGroupName"): "log-group:{}",
    ("sagemaker", "ModelPackageGroupName"): "model-package-group/{}",
    ("sagemaker", "PipelineName"): "pipeline/{}",
    ("scheduler", "Name"): "schedule-group/{}",
    ("sns", "Name"): "{}",
    ("sns", "SubscriptionArn"): "{}",
    ("sns", "TopicArn"): "{}",
    ("sqs", "QueueName"): "{}",
    ("sqs", "QueueUrl"): "{}",
}
#: Actions of requests that name nothing.
UNNAMED = {"ecr:DescribeRepositories": "repository/*", "ecr:GetAuthorizationToken": "*", "kms:CreateKey": "*"}
#: What else is asked for where something is made with tags.
TAGGING = {"iam": "TagRole", "sagemaker": "AddTags", "sqs": "TagQueue", "s3": "PutObjectTagging"}
TAGS = ("Tags", "tags", "Tagging")
PASSED_TO = {"lambda": LAMBDA, "sagemaker": SAGEMAKER, "scheduler": SCHEDULER}


@dataclass(frozen=True)
class Request:
    model: OperationModel
    parameters: Mapping[str, Any]

    @property
    def service(self) -> str:
        """As rights begin."""
        service = str(self.model.service_model.signing_name)
        return SERVICE_PREFIXES.get(service, service)

    @property
    def action(self) -> str:
        """The right of the operation's own."""
        return f"{self.service}:{ACTION_NAMES.get(self.model.name, self.model.name)}"

    @property
    def name(self) -> str:
        return f"{self.model.service_model.service_name} {self.model.name}"


def rights(requests: Iterable[Request]) -> set[Call]:
    """All that the requests of one deployment ask for."""
    made = list(requests)
    calls: set[Call] = set()
    for request in made:
        context = tuple(_context(request, made).items())
        calls |= {Call(DEPLOYER, action, on, context=context) for action, on in _on_its_resources(request)}
        calls |= set(_passed(request))
    return calls


def _context(request: Request, made: list[Request]) -> dict[str, str]:
    """A key's tags and a role's boundary were set when it was created."""
    if request.name == "kms CreateKey":
        return _tags(request, "RequestTag")
    if request.service == "kms":
        return {key: tag for other in made if other.name == "kms CreateKey" for key, tag in _tags(other, "ResourceTag").items()}
    role = request.parameters.get("RoleName") if request.service == "iam" else None
    of_role = [other.parameters for other in made if role and other.parameters.get("RoleName") == role]
    bound = next((parameters["PermissionsBoundary"] for parameters in of_role if "PermissionsBoundary" in parameters), None)
    return {"iam:PermissionsBoundary": bound} if bound else {}


def _on_its_resources(request: Request) -> Iterator[tuple[str, str]]:
    tagged = any(request.parameters.get(key) for key in TAGS) and request.model.name not in ("PutBucketTagging", "TagResource")
    for resource in _resources(request):
        yield _action_on(request, resource), resource
        if tagged:
            yield f"{request.service}:{TAGGING.get(request.service, 'TagResource')}", resource


def _action_on(request: Request, resource: str) -> str:
    """Of one version of an object S3 asks for another right than of the object."""
    return f"{request.action}Version" if "VersionId" in request.parameters and "/" in resource else request.action


def _resources(request: Request) -> list[str]:
    service, parameters = request.service, request.parameters
    if service == "s3":
        return [f"arn:aws:s3:::{parameters['Bucket']}{'/' + parameters['Key'] if 'Key' in parameters else ''}"]
    if service == "scheduler" and "GroupName" in parameters:
        return [_arn(service, f"schedule/{parameters['GroupName']}/{parameters['Name']}")]
    named = [(NAMED[service, key], value) for key, value in parameters.items() if (service, key) in NAMED]
    found = [_resource(service, form, name) for form, value in named for name in ([value] if isinstance(value, str) else value)]
    return found or [_arn(service, UNNAMED[request.action]) if UNNAMED[request.action] != "*" else "*"]


def _resource(service: str, form: str, name: str) -> str:
    if name.startswith("arn:"):
        return name
    return _arn(service, form.format(name.rpartition("/")[2] if service == "sqs" else name))


def _arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{'' if service == 'iam' else REGION}:{ACCOUNT}:{resource}"


def _passed(request: Request) -> Iterator[Call]:
    for holder in (request.parameters, request.parameters.get("Target", {})):
        for key in ("Role", "RoleArn"):
            if key in holder:
                passed_to = (("iam:PassedToService", PASSED_TO[request.service]),)
                yield Call(DEPLOYER, "iam:PassRole", holder[key], context=passed_to)


def _tags(request: Request, condition: str) -> dict[str, str]:
    return {f"aws:{condition}/{tag['TagKey']}": tag["TagValue"] for tag in request.parameters["Tags"]}
