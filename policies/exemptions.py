"""Exemptions from controls, and controls that are not done, each with its reason and its owner.

Tests require that the program still needs each exemption, and that docs/policies.md lists both.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

from policies import kinds
from policies.resources import Resource

PLATFORM = "platform engineer"
DATA_SCIENCE = "data scientist"


@dataclass(frozen=True)
class Exemption:
    """Some resources of a kind do not have to meet a control. ``names`` is a pattern for their names."""

    control: str
    kind: str
    names: str
    reason: str
    owner: str
    in_production: bool = True

    def covers(self, control: str, resource: Resource) -> bool:
        if control != self.control or (resource.production and not self.in_production):
            return False
        return resource.kind == self.kind and fnmatchcase(resource.name, self.names)


@dataclass(frozen=True)
class NotDone:
    """A control of the security frameworks that the program does not meet by design, so the pack has no check for it."""

    control: str
    ids: str
    kind: str
    reason: str
    owner: str


# The formatter would put each argument on its own line, and the tables would no longer read as rows.
# fmt: off
EXEMPTIONS = (
    Exemption("lambda-reserved-concurrency", kinds.FUNCTION, "functions-*-function",
        "new accounts may run 10 invocations at once, and Lambda does not let them reserve any of these",
        PLATFORM, in_production=False),
    Exemption("kms-key-in-production", kinds.BUCKET_ENCRYPTION, "storage-access-logs-encryption",
        "S3 delivers access logs only to buckets whose default encryption uses S3's own keys", PLATFORM),
    Exemption("s3-logging-exists", kinds.BUCKET, "storage-access-logs-bucket",
        "the bucket holds the other buckets' access logs; logging access to the logs would never end", PLATFORM),
)
NOT_DONE = (
    NotDone("bucket replication", "S3.7 CKV_AWS_144", kinds.BUCKET,
        "prices can be uploaded again and models trained again from a frozen snapshot, versioning protects against deletion, "
        "and a replica in another region would move data out of its region", DATA_SCIENCE),
    NotDone("object lock", "S3.15 CKV_AWS_143", kinds.BUCKET,
        "executions expire and stacks are destroyed, which a lock would prevent; no data have a legal retention time",
        DATA_SCIENCE),
    NotDone("MFA delete", "S3.20", kinds.BUCKET_VERSIONING,
        "only the root user with an MFA device can enable it, so a deployment cannot", PLATFORM),
    NotDone("bucket event notifications", "S3.11 CKV2_AWS_62", kinds.BUCKET,
        "nothing reacts to single objects; SageMaker's events report the end of an execution, when its outputs become valid",
        PLATFORM),
    NotDone("backup plan", "DynamoDB.4", kinds.TABLE,
        "point-in-time recovery restores any second of the last 35 days; add the tables to a backup plan to keep more",
        PLATFORM),
    NotDone("code signing", "CKV_AWS_272", kinds.FUNCTION,
        "the deployment packs the code from this repository by content hash, so no artifact exists in between", PLATFORM),
    NotDone("functions in a VPC", "CKV_AWS_117 Lambda.3 W89", kinds.FUNCTION,
        "the functions call only AWS endpoints; a VPC would add paid endpoints without more protection", PLATFORM),
    NotDone("network isolation of processing jobs", "sagemaker_training_jobs_network_isolation_enabled", kinds.PIPELINE,
        "the steps read their snapshot from DynamoDB and write their log to it, which needs a network", DATA_SCIENCE),
)
# fmt: on


def exemption_for(control: str, resource: Resource) -> Exemption | None:
    return next((exemption for exemption in EXEMPTIONS if exemption.covers(control, resource)), None)


def ends_in_production(control: str) -> bool:
    """Whether an exemption from the control holds outside production only."""
    return any(exemption.control == control and not exemption.in_production for exemption in EXEMPTIONS)
