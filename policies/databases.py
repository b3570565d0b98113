"""DynamoDB tables: recoverable, encrypted, on demand, protected in production."""

from __future__ import annotations

from collections.abc import Iterator

from policies.controls import ADVISORY, Finding, ResourceControl, must_be
from policies.resources import Resource

TABLE = "aws:dynamodb/table:Table"
BACKUP_TAG = "backup-plan"


def _recoverable(table: Resource) -> Iterator[Finding]:
    yield from must_be(table, "pointInTimeRecovery.enabled", True)


def _encrypted(table: Resource) -> Iterator[Finding]:
    yield from must_be(
        table, "serverSideEncryption.enabled", True, "allowed: True, so that the key shows in the account's trail"
    )


def _on_demand(table: Resource) -> Iterator[Finding]:
    yield from must_be(table, "billingMode", "PAY_PER_REQUEST")


def _deletion_protected(table: Resource) -> Iterator[Finding]:
    if table.production:
        yield from must_be(table, "deletionProtectionEnabled", True, "allowed in production: True")


def _backed_up(table: Resource) -> Iterator[Finding]:
    if not table.mapping("tags").get(BACKUP_TAG):
        yield Finding(f"tags.{BACKUP_TAG}", None, "needed: the tag by which a backup plan selects the table")


CONTROLS = (
    ResourceControl(
        "dynamodb-point-in-time-recovery",
        "Tables can be restored to any second",
        "DynamoDB.2 CKV_AWS_28 AwsSolutions-DDB3 W78 CT.DYNAMODB.PR.1",
        (TABLE,),
        look=_recoverable,
    ),
    ResourceControl(
        "dynamodb-encrypted",
        "Tables are encrypted with a key of KMS",
        "CKV_AWS_119 W74 CT.DYNAMODB.PR.2",
        (TABLE,),
        look=_encrypted,
    ),
    ResourceControl(
        "dynamodb-on-demand", "Tables take what load comes", "DynamoDB.1 CKV2_AWS_16 W73", (TABLE,), look=_on_demand
    ),
    ResourceControl(
        "dynamodb-deletion-protection",
        "Tables of production can not be deleted",
        "DynamoDB.6",
        (TABLE,),
        look=_deletion_protected,
        stricter_in_production=True,
    ),
    ResourceControl(
        "dynamodb-backup-plan", "Tables are in a backup plan", "DynamoDB.4", (TABLE,), look=_backed_up, level=ADVISORY
    ),
)
