"""What the pack lets through, and why. A test asks that each exemption is still needed by the program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from policies.resources import Resource


@dataclass(frozen=True)
class Exemption:
    """A control that some resources need not pass. ``resources`` matches ``<kind> <name>``."""

    control: str
    resources: str
    reason: str
    in_production: bool = True

    def covers(self, control: str, resource: Resource) -> bool:
        if control != self.control or (resource.production and not self.in_production):
            return False
        return fnmatchcase(f"{resource.kind} {resource.name}", self.resources)


EXEMPTIONS = (
    Exemption(
        "s3-replication",
        "aws:s3/bucket:Bucket storage-*-bucket",
        "Price histories come from elsewhere, and models are trained again from a frozen snapshot; versioning guards "
        "against deletion, and a copy in another region would leave the region that the data is bound to",
    ),
    Exemption(
        "s3-object-lock",
        "aws:s3/bucket:Bucket storage-*-bucket",
        "Executions are to be expired and stacks destroyed, which a lock forbids; nothing here has a legal time of retention",
    ),
    Exemption(
        "s3-mfa-delete",
        "aws:s3/bucketVersioning:BucketVersioning storage-*-versioning",
        "Only the account's root user can switch it on, with a device in hand; no deployment can",
    ),
    Exemption(
        "s3-event-notifications",
        "aws:s3/bucket:Bucket storage-*-bucket",
        "Nothing reacts to objects: SageMaker's own events tell of an execution's end, which is when its outputs count",
    ),
    Exemption(
        "kms-key-in-production",
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration storage-access-logs-encryption",
        "S3 delivers access logs only to buckets whose default encryption uses S3's own keys",
    ),
    Exemption(
        "s3-logging-exists",
        "aws:s3/bucket:Bucket storage-access-logs-bucket",
        "It holds the other buckets' access logs; logging access to the logs would never end",
    ),
    Exemption(
        "dynamodb-backup-plan",
        "aws:dynamodb/table:Table tables-*",
        "Point-in-time recovery restores any second of the last 35 days; who needs longer adds the tables to a backup plan",
    ),
    Exemption(
        "lambda-reserved-concurrency",
        "aws:lambda/function:Function functions-*-function",
        "New accounts have a quota of 10 concurrent runs, of which nothing can be reserved",
        in_production=False,
    ),
    Exemption(
        "lambda-code-signing",
        "aws:lambda/function:Function functions-*-function",
        "The code is this repository's text, packed by content while deploying; no artefact stands between",
    ),
    Exemption(
        "lambda-vpc",
        "aws:lambda/function:Function functions-*-function",
        "The functions call AWS's own endpoints alone; a VPC would add paid endpoints and no protection",
    ),
    Exemption(
        "pipeline-processing-isolation",
        "aws:sagemaker/pipeline:Pipeline pipeline-pipeline",
        "Feature engineering reads its snapshot from DynamoDB and keeps its log there, which an isolated container can not",
    ),
)


@dataclass(frozen=True)
class Unrestrictable:
    """An action whose resources can not be named, and the condition key that bounds it where there is one."""

    reason: str
    condition: str | None = None


_NO_LEVEL = "the service authorization reference gives it no resource level"
_NETWORK = "SageMaker makes the job's network interfaces itself, so their ARNs are not known before"

#: Actions that may stand with the resource ``*``, or with all of a kind.
UNRESTRICTABLE: Mapping[str, Unrestrictable] = {
    "ecr:GetAuthorizationToken": Unrestrictable(_NO_LEVEL),
    "cloudwatch:PutMetricData": Unrestrictable(_NO_LEVEL, "cloudwatch:namespace"),
    "xray:PutTraceSegments": Unrestrictable(_NO_LEVEL),
    "xray:PutTelemetryRecords": Unrestrictable(_NO_LEVEL),
    "ec2:CreateNetworkInterface": Unrestrictable(_NETWORK),
    "ec2:CreateNetworkInterfacePermission": Unrestrictable(_NETWORK),
    "ec2:DeleteNetworkInterface": Unrestrictable(_NETWORK),
    "ec2:DeleteNetworkInterfacePermission": Unrestrictable(_NETWORK),
    "ec2:DescribeDhcpOptions": Unrestrictable(_NO_LEVEL),
    "ec2:DescribeNetworkInterfaces": Unrestrictable(_NO_LEVEL),
    "ec2:DescribeSecurityGroups": Unrestrictable(_NO_LEVEL),
    "ec2:DescribeSubnets": Unrestrictable(_NO_LEVEL),
    "ec2:DescribeVpcs": Unrestrictable(_NO_LEVEL),
}


def exemption_for(control: str, resource: Resource) -> Exemption | None:
    return next((exemption for exemption in EXEMPTIONS if exemption.covers(control, resource)), None)
