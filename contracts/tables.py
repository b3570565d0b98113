"""DynamoDB tables: logical names, keys, indexes and attribute names.

Physical names are ``<project>-<stack>-<logical name>`` and reach code by environment variables or stack outputs, never by
being put together again.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Index:
    """A global secondary index (all attributes projected); keys are strings."""

    name: str
    hash_key: str
    range_key: str | None = None


@dataclass(frozen=True)
class Table:
    """A table with string keys, on demand. ``ttl`` names the attribute (epoch seconds) that ends an item's life."""

    name: str
    hash_key: str
    range_key: str | None = None
    indexes: tuple[Index, ...] = ()
    ttl: str | None = None

    @property
    def key_attributes(self) -> tuple[str, ...]:
        """Every attribute that some key of the table or an index uses, without duplicates, in order."""
        names = [self.hash_key, self.range_key]
        for index in self.indexes:
            names += [index.hash_key, index.range_key]
        return tuple(dict.fromkeys(name for name in names if name))


PIPELINE_EXECUTION_INDEX = Index("PipelineExecutionArnIndex", "PipelineExecutionArn")
ENDPOINT_STATUS_INDEX = Index("EndpointStatusIndex", "EndpointStatus", "DeleteAfter")

ASSET_METADATA = Table("asset-metadata", "AssetName")
TRAINING_TEMPLATE = Table("training-template", "Id")
EXECUTION = Table("model-training-execution", "Id", indexes=(PIPELINE_EXECUTION_INDEX,))
EXECUTION_EVENT = Table("execution-event", "ExecutionId", "EventKey", ttl="ExpiresAt")
ENDPOINT_MAINTENANCE = Table("endpoint-maintenance", "EndpointName", indexes=(ENDPOINT_STATUS_INDEX,))
PREDICTION = Table("prediction", "ExecutionId", "WindowEnd")
FEATURE_IMPORTANCE = Table("feature-importance", "ExecutionId", "Feature")

TABLES = (
    ASSET_METADATA,
    TRAINING_TEMPLATE,
    EXECUTION,
    EXECUTION_EVENT,
    ENDPOINT_MAINTENANCE,
    PREDICTION,
    FEATURE_IMPORTANCE,
)

#: A step log's tail on the execution item, in bytes of UTF-8: items end at 400 KB.
LOG_TAIL_BYTES = 16 * 1024


class ExecutionAttribute:
    """Attribute names of the execution item (table ``model-training-execution``)."""

    ID = "Id"
    PIPELINE_EXECUTION_ARN = "PipelineExecutionArn"  # absent until started
    TEMPLATE_ID = "TemplateId"
    ORIGIN = "Origin"  # "runs", "schedule" or "external"
    SNAPSHOT = "Snapshot"  # frozen; see SnapshotKey
    SNAPSHOT_DIGEST = "SnapshotDigest"  # SHA-256 of the canonical JSON of the snapshot
    CREATED_AT = "CreatedAt"  # ISO 8601, UTC
    STATUS = "Status"  # see contracts.status
    STATUS_AT = "StatusAt"
    ATTEMPT = "Attempt"
    FAILURE_REASON = "FailureReason"
    OUTCOME = "Outcome"  # "Registered" or "NotRegistered", once Succeeded
    GATE_THRESHOLD = "GateThreshold"
    GATE_METRIC = "GateMetric"
    STEPS = "Steps"  # map: step name -> see StepKey
    LOG_TAIL = "LogTail"  # at most LOG_TAIL_BYTES
    LOG_REVISION = "LogRevision"  # grows by one with every sync
    LOG_AT = "LogAt"
    MODEL_PACKAGE_ARN = "ModelPackageArn"


class SnapshotKey:
    """Keys of the snapshot: what an execution was started with, and reads, whatever changes later."""

    TEMPLATE = "Template"  # the training template as a map
    PARAMETERS = "Parameters"  # map: pipeline parameter -> string, all that were passed at start
    IMAGE_URI = "ImageUri"
    DEFINITION_DIGEST = "DefinitionDigest"
    ASSETS = "Assets"  # map: asset -> {"Key", "VersionId", "Sha256", "Size"}


class StepKey:
    """Keys of one step's record on the execution item."""

    STATUS = "Status"
    ATTEMPT = "Attempt"
    STATUS_AT = "StatusAt"
    STARTED_AT = "StartedAt"
    ENDED_AT = "EndedAt"
    JOB_ARN = "JobArn"
    FAILURE_REASON = "FailureReason"


def physical_table_name(project: str, stack: str, table: Table) -> str:
    """``model-training-dev-execution-event``; a logical name that starts with the project's is not doubled."""
    logical = table.name.removeprefix(f"{project}-")
    return f"{project}-{stack}-{logical}"
