"""Amazon S3: objects."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from local_run.emulator.resources.archives import asset_bytes
from local_run.emulator.resources.base import Aws, Properties, Upserted, given, or_none, present, with_tags
from local_run.emulator.resources.s3 import delete_versions


class BucketObject(Upserted):
    """Its content is ``content``, ``contentBase64`` or the asset ``source``, relative to the working directory."""

    type = "aws:s3/bucketObjectv2:BucketObjectv2"

    def planned_id(self, aws: Aws, inputs: Properties) -> str | None:
        return f"{inputs['bucket']}/{inputs['key']}"

    def create(self, aws: Aws, inputs: Properties) -> tuple[str, Properties]:
        self.refuse_existing(aws, inputs)
        return str(self.planned_id(aws, inputs)), self._put(aws, inputs)

    def exists(self, aws: Aws, id_: str, inputs: Properties) -> bool:
        return present(aws.client("s3").head_object, Bucket=inputs["bucket"], Key=inputs["key"])

    def delete(self, aws: Aws, id_: str, state: Properties) -> None:
        bucket, _, key = id_.partition("/")
        if or_none(aws.client("s3").head_bucket, Bucket=bucket) is not None:
            delete_versions(aws.client("s3"), bucket, key)

    def _put(self, aws: Aws, inputs: Properties) -> Properties:
        arguments = given(
            ContentType=inputs.get("contentType"),
            Metadata=inputs.get("metadata"),
            ServerSideEncryption=inputs.get("serverSideEncryption"),
            SSEKMSKeyId=inputs.get("kmsKeyId"),
            Tagging=urlencode(inputs.get("tags") or {}) or None,
        )
        bucket, key = inputs["bucket"], inputs["key"]
        answer = aws.client("s3").put_object(Bucket=bucket, Key=key, Body=content_of(inputs), **arguments)
        return self._outputs(aws, inputs, answer)

    def _outputs(self, aws: Aws, inputs: Properties, answer: Any) -> Properties:
        return {
            "acl": "private",
            "storageClass": "STANDARD",
            "contentType": "application/octet-stream",
            "forceDestroy": False,
            "bucketKeyEnabled": bool(answer.get("BucketKeyEnabled")),
            "serverSideEncryption": answer.get("ServerSideEncryption", ""),
            "kmsKeyId": answer.get("SSEKMSKeyId", ""),
            **inputs,
            "arn": aws.arn("s3", f"{inputs['bucket']}/{inputs['key']}", region=False, account=False),
            "etag": answer["ETag"].strip('"'),
            "versionId": answer.get("VersionId", ""),
            "region": aws.region,
            **with_tags(inputs),
        }


def content_of(inputs: Properties) -> bytes:
    """Return the content of an object with these inputs."""
    if "content" in inputs:
        return str(inputs["content"]).encode()
    if "contentBase64" in inputs:
        return base64.b64decode(inputs["contentBase64"])
    return asset_bytes(inputs["source"], Path()) if "source" in inputs else b""


RESOURCES = (BucketObject,)
