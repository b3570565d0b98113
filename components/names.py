"""Physical names and ARNs of a stack's resources: functions of project, stack, account and region.

Every physical name contains project and stack, so dev, prod and pull-request stacks can share an account. Because ARNs are
known before anything exists, policies can be read, tested and previewed without a deployment (docs/adr/0001-names.md).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from contracts import tables
from contracts.regions import partition
from settings import Settings

BUCKET_NAME_MAX = 63
#: The shortest of AWS's limits for roles, functions, schedules and rules.
NAME_MAX = 63
NOUN_MAX = 16
#: Buckets of every stack.
BUCKETS = ("assets", "models", "pipeline")
#: The bucket of the S3 access logs, in stacks that create one.
ACCESS_LOGS = "access-logs"
DEAD_LETTERS = "dead-letters"
EVENT_RULE = "execution-events"
ALARM_TOPIC = "alarms"
SCHEDULES = "schedules"
REPOSITORY = "features"
MODEL_PACKAGES = "models"
ALARMS = ("failed-execution", "failed-forecast", "undelivered", "reconciler-late")


def bounded(name: str, limit: int) -> str:
    """Return the name, shortened to ``limit`` characters if necessary: its beginning and a digest of the whole name."""
    if len(name) <= limit:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{name[: limit - 9].rstrip('-')}-{digest}"


@dataclass(frozen=True)
class Names:
    """Names and ARNs of what a stack creates, and of what its settings name."""

    project: str
    stack: str
    region: str
    account: str
    #: Bucket names from the settings, by noun; other buckets get a derived name.
    bucket_names: Mapping[str, str] = field(default_factory=dict)
    creates_log_bucket: bool = False
    subnet_ids: tuple[str, ...] = ()
    security_group_ids: tuple[str, ...] = ()
    #: The key from the settings, or the stack's own key once its ARN is known; empty if AWS manages the keys.
    key_arn: str = ""
    permissions_boundary: str = ""

    @classmethod
    def from_settings(cls, settings: Settings, account: str) -> Names:
        """The names of the stack that the settings describe, in an account."""
        return cls(
            project=settings.project,
            stack=settings.stack,
            region=settings.region,
            account=account,
            bucket_names={noun: str(getattr(settings, f"{noun}_bucket_name")) for noun in BUCKETS},
            creates_log_bucket=settings.creates_log_bucket,
            subnet_ids=settings.subnet_ids,
            security_group_ids=settings.security_group_ids,
            key_arn=settings.given_key_arn or "",
            permissions_boundary=settings.permissions_boundary,
        )

    def with_key(self, key_arn: str) -> Names:
        """The same names, with the ARN of the stack's key."""
        return replace(self, key_arn=key_arn)

    @property
    def prefix(self) -> str:
        """``<project>-<stack>``, the beginning of every name of the stack except long bucket names."""
        return bounded(f"{self.project}-{self.stack}", NAME_MAX - NOUN_MAX - 1)

    def of(self, noun: str) -> str:
        """``<project>-<stack>-<noun>``, at most 63 characters.

        Raises:
            ValueError: the noun has more than 16 characters.
        """
        if len(noun) > NOUN_MAX:
            raise ValueError(f"{noun!r} is longer than the {NOUN_MAX} characters that names leave for it")
        return f"{self.prefix}-{noun}"

    @property
    def buckets(self) -> tuple[str, ...]:
        """The nouns of all buckets that the stack creates."""
        return (*BUCKETS, ACCESS_LOGS) if self.creates_log_bucket else BUCKETS

    def bucket(self, noun: str) -> str:
        """The bucket's name from the settings, or ``<project>-<stack>-<noun>-<account>-<region>``.

        Bucket names are global, so a derived name contains account and region.
        """
        where = f"{self.account}-{self.region}"
        stack = bounded(f"{self.project}-{self.stack}", BUCKET_NAME_MAX - len(noun) - len(where) - 2)
        return self.bucket_names.get(noun) or f"{stack}-{noun}-{where}"

    def table(self, table: tables.Table) -> str:
        """Physical name of one of the logical tables in :mod:`contracts.tables`."""
        return tables.physical_table_name(self.project, self.stack, table)

    @property
    def pipeline(self) -> str:
        """Name of the training pipeline."""
        return self.prefix

    @property
    def forecast_pipeline(self) -> str:
        """Name of the forecast pipeline."""
        return self.of("forecast")

    def arn(self, service: str, resource: str, region: str | None = None, account: str | None = None) -> str:
        """An ARN in this stack's partition.

        Region and account are the stack's unless given; pass ``""`` for a service whose ARNs have none.
        """
        where = self.region if region is None else region
        owner = self.account if account is None else account
        return f"arn:{partition(self.region)}:{service}:{where}:{owner}:{resource}"

    def bucket_arn(self, noun: str, key: str = "") -> str:
        """ARN of a bucket, or of the objects in it that match ``key``."""
        return self.arn("s3", f"{self.bucket(noun)}{'/' if key else ''}{key}", region="", account="")

    def sagemaker(self, resource: str) -> str:
        """ARN of a SageMaker resource such as ``pipeline/<name>``."""
        return self.arn("sagemaker", resource)

    def role(self, actor: str) -> str:
        """ARN of an actor's role."""
        return self.arn("iam", f"role/{self.of(actor)}", region="")

    def function(self, handler: str) -> str:
        """ARN of a handler's Lambda function."""
        return self.arn("lambda", f"function:{self.of(handler)}")

    def queue(self, noun: str) -> str:
        """ARN of an SQS queue."""
        return self.arn("sqs", self.of(noun))

    def topic(self, noun: str) -> str:
        """ARN of an SNS topic."""
        return self.arn("sns", self.of(noun))

    def rule(self, noun: str) -> str:
        """ARN of an EventBridge rule."""
        return self.arn("events", f"rule/{self.of(noun)}")

    def alarm(self, noun: str) -> str:
        """ARN of a CloudWatch alarm."""
        return self.arn("cloudwatch", f"alarm:{self.of(noun)}")

    def log_group(self, handler: str) -> str:
        """Name of the log group that Lambda writes a handler's log to by default."""
        return f"/aws/lambda/{self.of(handler)}"
