"""The stack's three buckets, and the executor in one of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pulumi
import pulumi_aws as aws
from pulumi import Input, Output, ResourceOptions

from components.bucket import Bucket, BucketArgs
from components.names import Names
from contracts.layout import EXECUTIONS_PREFIX, executor_key


@dataclass(frozen=True)
class StorageArgs:
    names: Names
    tags: Mapping[str, str]
    key_arn: Input[str] | None
    #: The file that the processing container starts with.
    executor: Path


class Storage(pulumi.ComponentResource):
    """Buckets for price histories (assets), for what executions write (models), and for the executor (pipeline)."""

    assets: Bucket
    models: Bucket
    pipeline: Bucket
    executor_uri: Output[str]

    def __init__(self, name: str, args: StorageArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("model-training:storage:Storage", name, {}, opts)
        self._name = name
        self._args = args
        settings = args.names.settings
        self.assets = self._create_bucket("assets")
        self.models = self._create_bucket("models", settings.execution_expiry_days, f"{EXECUTIONS_PREFIX}/")
        self.pipeline = self._create_bucket("pipeline")
        self.executor_uri = self._create_executor()
        self.register_outputs({"executor_uri": self.executor_uri})

    @property
    def outputs(self) -> dict[str, Output[str]]:
        """Names by field of :class:`contracts.outputs.StackOutputs`."""
        return {
            "assets_bucket": self.assets.bucket,
            "models_bucket": self.models.bucket,
            "pipeline_bucket": self.pipeline.bucket,
            "executor_uri": self.executor_uri,
        }

    def _create_bucket(self, noun: str, expiry_days: int = 0, expiry_prefix: str = "") -> Bucket:
        names = self._args.names
        bucket_name = names.bucket(noun)
        return Bucket(
            f"{self._name}-{noun}",
            BucketArgs(
                bucket_name=bucket_name,
                bucket_arn=names.arn("s3", bucket_name, region="", account=""),
                tags=self._args.tags,
                key_arn=self._args.key_arn,
                log_bucket=names.settings.access_logs_bucket,
                expiry_days=expiry_days,
                expiry_prefix=expiry_prefix,
                protect=names.settings.protect_data,
            ),
            ResourceOptions(parent=self),
        )

    def _create_executor(self) -> Output[str]:
        """Its key has its hash, so a changed executor is another object; the old one stays for executions that are under way.

        The content itself is the input, not a path, which would differ between two checkouts.
        """
        content = self._args.executor.read_bytes()
        stored = aws.s3.BucketObjectv2(
            f"{self._name}-executor",
            bucket=self.pipeline.bucket,
            key=executor_key(content),
            content=content.decode(),
            content_type="text/x-python",
            tags=self._args.tags,
            opts=ResourceOptions(parent=self, depends_on=self.pipeline.ready, retain_on_delete=True),
        )
        return Output.concat("s3://", stored.bucket, "/", stored.key)
