from __future__ import annotations

import pytest

from policies.kinds import BUCKET
from policies.resource_types import UNCHECKED
from policies.tags_and_protection import STATEFUL, TAGGABLE
from tests.policies.cases import UNKNOWN, Case, bad, change, good

TAGS = {"project": "model-training", "stack": "dev", "owner": "data-science"}
CONFIGURATION = "aws:s3/bucketVersioning:BucketVersioning"
KNOWN = (
    *UNCHECKED,
    BUCKET,
    "aws:s3/bucketV2:BucketV2",
    "aws:s3/bucketObjectv2:BucketObjectv2",
    "docker:index/image:Image",
    "model-training:storage:Storage",
    "pulumi:pulumi:Stack",
    "pulumi:providers:aws",
    "pulumi:pulumi:StackReference",
)
#: Types that the program does not create; many of them grant access that no control checks.
FOREIGN = (
    "aws:cloudwatch/eventBus:EventBus",
    "aws:cloudwatch/eventBusPolicy:EventBusPolicy",
    "aws:dynamodb/resourcePolicy:ResourcePolicy",
    "aws:ecr/repositoryPolicy:RepositoryPolicy",
    "aws:iam/policy:Policy",
    "aws:iam/policyAttachment:PolicyAttachment",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    "aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive",
    "aws:lambda/functionUrl:FunctionUrl",
    "aws:s3/bucketAcl:BucketAcl",
    "aws:s3/bucketAclV2:BucketAclV2",
    "aws:s3/bucketNotification:BucketNotification",
    "aws:s3/bucketReplicationConfig:BucketReplicationConfig",
    "aws:sagemaker/endpointConfiguration:EndpointConfiguration",
    "aws:sagemaker/model:Model",
    "aws:sagemaker/modelPackageGroupPolicy:ModelPackageGroupPolicy",
    "aws:kms/keyPolicy:KeyPolicy",
    "aws:kms/grant:Grant",
    "aws:s3/accessPoint:AccessPoint",
    "aws:lambda/layerVersionPermission:LayerVersionPermission",
    "aws:cloudwatch/eventPermission:EventPermission",
    "aws:ecr/registryPolicy:RegistryPolicy",
    "aws:cloudwatch/logResourcePolicy:LogResourcePolicy",
    "aws:sagemaker/notebookInstance:NotebookInstance",
    "aws:sagemaker/userProfile:UserProfile",
    "aws:iam/user:User",
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
    "aws:ec2/instance:Instance",
    "aws:dax/cluster:Cluster",
    "aws:ssm/parameter:Parameter",
    "aws-native:s3:Bucket",
    "awscc:s3/bucket:Bucket",
    "docker:index/container:Container",
    "command:local:Command",
    "pulumi-python:dynamic:Resource",
)
SECRET = "AKIAIOSFODNN7EXAMPLE"

CASES = [
    *(good("required-tags", kind, {"tags": TAGS}) for kind in TAGGABLE),
    good("required-tags", BUCKET, {"tags": {"owner": UNKNOWN}, "tagsAll": TAGS}),
    good("required-tags", CONFIGURATION, {}),
    *(bad("required-tags", BUCKET, {"tags": change(TAGS, tag)}, f"tags.{tag} is missing") for tag in TAGS),
    bad("required-tags", BUCKET, {"tags": {**TAGS, "owner": ""}}, "tags.owner is missing"),
    bad("required-tags", "aws:s3/bucketObjectv2:BucketObjectv2", {}, "tags.project", "tags.stack", "tags.owner"),
    *(good("protected-data", kind, {}, stack="prod", protect=True) for kind in STATEFUL),
    *(good("protected-data", kind, {"forceDestroy": True}, stack="dev") for kind in STATEFUL),
    *(bad("protected-data", kind, {}, "option protect is False", stack="prod") for kind in STATEFUL),
    bad("protected-data", BUCKET, {"forceDestroy": True}, "forceDestroy is True", stack="prod", protect=True),
    good("no-secrets", BUCKET, {"bucket": "assets", "tags": {"note": UNKNOWN}}),
    good("no-secrets", "docker:index/image:Image", {"registry": {"password": SECRET}}),
    bad("no-secrets", BUCKET, {"tags": {"note": f"key {SECRET}"}}, "tags.note is '****'"),
    bad(
        "no-secrets",
        "aws:scheduler/schedule:Schedule",
        {"target": {"input": f'{{"key":"{SECRET}"}}'}},
        "target.input is '****'",
    ),
    bad(
        "no-secrets",
        "aws:cloudwatch/eventTarget:EventTarget",
        {"ecsTarget": [{"x": f"ghp_{'a' * 40}"}]},
        "ecsTarget.0.x is '****'",
    ),
    *(bad("no-foreign-resources", kind, {}, f"its type is '{kind}'", "docs/policies.md") for kind in FOREIGN),
    *(good("no-foreign-resources", kind, {}) for kind in KNOWN),
]


@pytest.mark.usefixtures("nothing_exempt")
@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_resource(case: Case) -> None:
    case.check()
