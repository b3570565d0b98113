"""The stack's three buckets, and the executors in one of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pulumi
import pulumi_aws as aws
from pulumi import Input, Output, ResourceOptions

from components.bucket import Bucket, BucketArgs
from components.context import StackContext
from components.names import ACCESS_LOGS, BUCKETS
from contracts.layout import EXECUTIONS_PREFIX, EXECUTORS, executor_key


@dataclass(frozen=True)
class StorageArgs:
    context: StackContext
    #: Folder of the scripts that the processing containers start with.
    executors: Path


class Storage(pulumi.ComponentResource):
    """Buckets for price histories (assets), for the files of executions (models), and for the executors (pipeline).

    With ``accessLogsBucket: create``, there is one for their access logs too.
    """

    assets: Bucket
    models: Bucket
    pipeline: Bucket
    #: URIs by field of :class:`contracts.outputs.StackOutputs`.
    executor_uris: dict[str, Output[str]]

    def __init__(self, name: str, args: StorageArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("model-training:storage:Storage", name, {}, opts)
        self._name = name
        self._args = args
        self._context = args.context
        log_bucket = self._create_log_bucket()
        self.assets = self._create_bucket("assets", log_bucket)
        self.models = self._create_bucket(
            "models", log_bucket, args.context.settings.execution_expiry_days, f"{EXECUTIONS_PREFIX}/"
        )
        self.pipeline = self._create_bucket("pipeline", log_bucket)
        self.executor_uris = {field: self._create_executor(field, file) for field, file in EXECUTORS.items()}
        self.register_outputs(self.executor_uris)

    @property
    def outputs(self) -> dict[str, Output[str]]:
        """Names by field of :class:`contracts.outputs.StackOutputs`."""
        return {
            "assets_bucket": self.assets.bucket,
            "models_bucket": self.models.bucket,
            "pipeline_bucket": self.pipeline.bucket,
            **self.executor_uris,
        }

    def _create_log_bucket(self) -> Input[str] | None:
        """Name of the bucket that S3 writes access logs to, ready to receive them; None if there is none."""
        settings = self._context.settings
        if not settings.creates_log_bucket:
            return settings.access_logs_bucket or None
        logs = Bucket(
            f"{self._name}-{ACCESS_LOGS}",
            BucketArgs(self._context, ACCESS_LOGS, logs_of=BUCKETS, expiry_days=settings.log_retention_days),
            ResourceOptions(parent=self),
        )
        return logs.bucket_when_ready

    def _create_bucket(self, noun: str, log_bucket: Input[str] | None, expiry_days: int = 0, expiry_prefix: str = "") -> Bucket:
        return Bucket(
            f"{self._name}-{noun}",
            BucketArgs(self._context, noun, log_bucket, expiry_days=expiry_days, expiry_prefix=expiry_prefix),
            ResourceOptions(parent=self),
        )

    def _create_executor(self, field: str, file: str) -> Output[str]:
        """Its key contains its hash, so a changed executor is a new object; running executions keep the old one.

        The input is the content, because a path would differ between two checkouts.
        """
        content = (self._args.executors / file).read_bytes()
        stored = aws.s3.BucketObjectv2(
            f"{self._name}-{field.removesuffix('_uri').replace('_', '-')}",
            bucket=self.pipeline.bucket,
            key=executor_key(file, content),
            content=content.decode(),
            content_type="text/x-python",
            tags=self._context.tags,
            opts=ResourceOptions(parent=self, depends_on=self.pipeline.ready, retain_on_delete=True),
        )
        return Output.concat("s3://", stored.bucket, "/", stored.key)
