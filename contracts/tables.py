"""DynamoDB tables: logical names, keys, indexes and attribute names.

Physical names are ``<project>-<stack>-<logical name>``. Code gets them from environment variables or stack outputs and never
composes them.
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
    """A table with string keys and on-demand capacity. ``ttl`` names the attribute with an item's expiry (epoch seconds)."""

    name: str
    hash_key: str
    range_key: str | None = None
    indexes: tuple[Index, ...] = ()
    ttl: str | None = None

    @property
    def key_attributes(self) -> tuple[str, ...]:
        """Return the attributes in keys of the table and its indexes, without duplicates, in order."""
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
PREDICTION = Table("predictions", "Series", "Row")

TABLES = (
    ASSET_METADATA,
    TRAINING_TEMPLATE,
    EXECUTION,
    EXECUTION_EVENT,
    ENDPOINT_MAINTENANCE,
    PREDICTION,
)

#: Size of a step log's tail on the execution item, in bytes of UTF-8. Items are limited to 400 KB.
LOG_TAIL_BYTES = 16 * 1024


class ExecutionAttribute:
    """Attribute names of the execution item (table ``model-training-execution``)."""

    ID = "Id"
    PIPELINE_EXECUTION_ARN = "PipelineExecutionArn"  # absent until started
    TEMPLATE_ID = "TemplateId"
    KIND = "Kind"  # absent or "training", "forecast" or "ablation"
    ORIGIN = "Origin"  # "runs", "schedule", "drift" or "external"
    SNAPSHOT = "Snapshot"  # frozen; JSON text, see contracts.snapshot
    SNAPSHOT_DIGEST = "SnapshotDigest"  # contracts.snapshot.digest of the snapshot
    CHAMPION = "Champion"  # ARN of the template's newest approved model at the start; absent if there was none
    CREATED_AT = "CreatedAt"  # ISO 8601, UTC
    STATUS = "Status"  # see contracts.status
    STATUS_AT = "StatusAt"
    ATTEMPT = "Attempt"
    FAILURE_REASON = "FailureReason"
    PROBLEMS = "Problems"  # list of texts: what could not be read or did not match when the attempt ended
    OUTCOME = "Outcome"  # "Registered" or "NotRegistered", once Succeeded
    GATE_METRIC = "GateMetric"  # the model's skill against the best baseline
    GATE_THRESHOLD = "GateThreshold"  # the least skill that the template accepts
    GATE_BASELINE = "GateBaseline"  # name of that baseline
    MODEL_DELETED_AT = "ModelDeletedAt"  # ISO 8601, UTC; the clean-up deleted the model that nothing used any more
    MODEL_PROBLEM = "ModelProblem"  # why the clean-up could not delete it; empty once it could
    STEPS = "Steps"  # map: step name -> see StepKey
    LOG_TAIL = "LogTail"  # at most LOG_TAIL_BYTES
    LOG_REVISION = "LogRevision"  # incremented with every sync
    LOG_AT = "LogAt"
    MODEL_PACKAGE_ARN = "ModelPackageArn"
    DELETED_AT = "DeletedAt"  # ISO 8601, UTC; only id, ARN, template, status and outcome are left then
    VERSION = "Version"  # optimistic lock: incremented with every projection of events


class EventAttribute:
    """Attribute names of an event row (table ``execution-event``): append-only, one row per state change."""

    EXECUTION_ID = "ExecutionId"
    EVENT_KEY = "EventKey"
    KIND = "Kind"  # "execution", "step" or "log"
    STEP = "Step"
    PREVIOUS = "Previous"
    STATUS = "Status"
    TIME = "Time"  # ISO 8601, UTC
    EXPIRES_AT = "ExpiresAt"
    DETAIL = "Detail"  # the change as JSON text


class TemplateAttribute:
    """Attribute names of a stored training template (table ``training-template``)."""

    ID = "Id"
    TEMPLATE = "Template"  # canonical JSON text of the template, validated when it was stored
    DIGEST = "Digest"
    PARAMETERS = "Parameters"  # map: the pipeline parameters that the template sets
    ASSETS = "BaseAssets"  # list of asset names
    FEATURE_ROWS = "FeatureRows"  # map: feature group -> rows before its first complete value
    POSITIVE_PRICES = "PositivePrices"  # what in the template needs prices above 0, for messages; may be empty
    STORED_AT = "StoredAt"


class AssetAttribute:
    """Attribute names of an asset's metadata (table ``asset-metadata``)."""

    NAME = "AssetName"
    KEY = "Key"
    VERSION_ID = "VersionId"
    SHA256 = "Sha256"
    ROWS = "Rows"
    FIRST_DATE = "FirstDate"
    LAST_DATE = "LastDate"
    FREQUENCY = "Frequency"  # that the file seems to have, such as 1D
    REPEATED_ROWS = "RepeatedRows"  # rows in the step of another row, at that frequency
    MISSING_ROWS = "MissingRows"  # rows without a price
    LOWEST_PRICE = "LowestPrice"  # text of a number, as is LARGEST_STEP: DynamoDB keeps no floats
    LARGEST_STEP = "LargestStep"  # greatest ratio of two neighbouring prices
    SOURCE = "Source"
    STORED_AT = "StoredAt"


class EndpointAttribute:
    """Attribute names of an endpoint's row (table ``endpoint-maintenance``), which exists before the endpoint does."""

    NAME = "EndpointName"  # also the name of its configuration and its model
    STATUS = "EndpointStatus"  # see ENDPOINT_IN_SERVICE
    DELETE_AFTER = "DeleteAfter"  # ISO 8601, UTC
    MODEL_PACKAGE_ARN = "ModelPackageArn"
    TEMPLATE_ID = "TemplateId"
    INSTANCE_TYPE = "InstanceType"
    CREATED_AT = "CreatedAt"
    DELETED_AT = "DeletedAt"
    PROBLEM = "Problem"  # why it could not be created or deleted; empty once it is deleted
    TRIED_AT = "TriedAt"  # when the clean-up could not delete it


#: Values of ``EndpointStatus``: the endpoint exists or may exist, and is deleted after ``DeleteAfter``; or it is deleted. How
#: an existing one is, SageMaker knows.
ENDPOINT_IN_SERVICE = "InService"
ENDPOINT_DELETED = "Deleted"


class PredictionAttribute:
    """Attribute names of a forecast value (table ``predictions``): one row per forecast, asset and time."""

    SERIES = "Series"  # series_key(template id, asset)
    ROW = "Row"  # row_key(time, execution id): rows of a series are in order of time
    ASSET = "Asset"
    CUTOFF = "Cutoff"  # ISO 8601, the last time whose value was known to the forecast
    TIME = "Time"  # ISO 8601, the time that the value is for
    QUANTILES = "Quantiles"  # JSON text: level -> value in the asset's unit
    MEAN = "Mean"  # text of a number, as are ACTUAL, LOSS and BASELINE_LOSS: DynamoDB keeps no floats
    BASELINE = "Baseline"  # name of the best baseline of the model's evaluation
    BASELINE_QUANTILES = "BaselineQuantiles"  # JSON text
    UNIT = "Unit"
    MODEL_PACKAGE_ARN = "ModelPackageArn"
    EXECUTION_ID = "ExecutionId"  # of the forecast pipeline
    TRAINED_UNTIL = "TrainedUntil"  # endTraining of the model's template
    ACTUAL = "Actual"  # absent until the value is known, as are the losses
    LOSS = "Loss"  # mean over the levels of the quantile loss, in the asset's unit
    BASELINE_LOSS = "BaselineLoss"


#: Range key of a template's latest drift episode, the only item of the table whose hash key is a template id.
DRIFT_ROW = "drift"


class EpisodeAttribute:
    """Attribute names of a drift episode (table ``predictions``). Times are ISO 8601, UTC, and empty until then."""

    SINCE = "Since"
    MODEL_PACKAGE_ARN = "ModelPackageArn"
    NOTICED_AT = "NoticedAt"  # when the notice was sent
    ENDED_AT = "EndedAt"


def series_key(template_id: str, asset: str) -> str:
    """Return the hash key of a template's forecasts of one asset; neither name contains a slash."""
    return f"{template_id}/{asset}"


def row_key(time: str, execution_id: str) -> str:
    """Return the range key of the value that an execution forecasts for a time (ISO 8601)."""
    return f"{time}/{execution_id}"


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
    """Return ``model-training-dev-execution-event``. A project name at the start of the logical name is not repeated."""
    logical = table.name.removeprefix(f"{project}-")
    return f"{project}-{stack}-{logical}"
