"""Amazon S3: how resources are read, updated and replaced."""

from __future__ import annotations

from emulated.kinds.changeable import Changeable
from local_run.emulator.resources import s3_objects
from local_run.emulator.resources.base import Aws, Properties, or_none


class BucketObject(Changeable, s3_objects.BucketObject):
    replace_on = ("bucket", "key", "region")

    def read(self, aws: Aws, id_: str, state: Properties) -> Properties | None:
        bucket, _, key = id_.partition("/")
        answer = or_none(aws.client("s3").head_object, Bucket=bucket, Key=key)
        return answer and self._outputs(aws, {**state, "bucket": bucket, "key": key}, answer)

    def update(self, aws: Aws, id_: str, old: Properties, new: Properties) -> Properties:
        return self._put(aws, new)


KINDS = (BucketObject,)
