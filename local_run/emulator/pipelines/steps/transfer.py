"""Downloads objects from S3 to a job's folders before the container runs, and uploads its files afterwards."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from contracts.layout import ML_ROOT
from local_run.emulator.pipelines.errors import StepFailedError


def split_s3_uri(uri: str) -> tuple[str, str]:
    """Return bucket and key (or prefix) of ``s3://bucket/key``."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    if not uri.startswith("s3://") or not bucket:
        raise StepFailedError(f"ClientError: {uri!r} is not an S3 URI")
    return bucket, key


def local_path(root: Path, container_path: str) -> Path:
    """Return the path of a container's path under the job's root, which has only ``/opt/ml``."""
    path = Path(f"{root}{container_path}").resolve()
    if not path.is_relative_to((root / ML_ROOT.lstrip("/")).resolve()):
        raise StepFailedError(f"ClientError: LocalPath {container_path!r} is not under {ML_ROOT}")
    return path


def download(s3: Any, uri: str, folder: Path) -> int:
    """Download the object at the URI, or all objects under it as a prefix, to ``folder``. Returns their number.

    An object named exactly comes as ``folder/<its last path part>``, those under a prefix keep their path below it.
    """
    bucket, prefix = split_s3_uri(uri)
    folder.mkdir(parents=True, exist_ok=True)
    below = prefix if prefix in ("",) or prefix.endswith("/") else f"{prefix}/"
    count = 0
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for item in page.get("Contents", ()):
            key = item["Key"]
            if key == prefix or (key.startswith(below) and not key.endswith("/")):
                relative = key.rsplit("/", 1)[-1] if key == prefix else key.removeprefix(below)
                _download_object(s3, bucket, key, _inside(folder, relative))
                count += 1
    if count == 0:
        message = f'No S3 objects found under S3 URL "{uri}" given in input data source.'
        raise StepFailedError(f"ClientError: {message} Objects must exist under that S3 prefix.")
    return count


def upload(s3: Any, folder: Path, uri: str, kms_key: str | None = None) -> int:
    """Upload all files of ``folder`` under the URI. Returns their number."""
    bucket, prefix = split_s3_uri(uri)
    count = 0
    for path in sorted(item for item in folder.rglob("*") if item.is_file()):
        key = "/".join(part for part in (prefix.rstrip("/"), path.relative_to(folder).as_posix()) if part)
        upload_file(s3, path, bucket, key, kms_key)
        count += 1
    return count


def upload_file(s3: Any, path: Path, bucket: str, key: str, kms_key: str | None = None) -> None:
    encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key} if kms_key else {}
    with path.open("rb") as stream:
        s3.put_object(Bucket=bucket, Key=key, Body=stream, **encryption)


def read_json(s3: Any, uri: str) -> Any:
    """Return the parsed content of a JSON object; raises StepFailedError if it is missing or not JSON."""
    bucket, key = split_s3_uri(uri)
    try:
        return json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    except s3.exceptions.NoSuchKey as error:
        raise StepFailedError(f"ClientError: {uri} does not exist") from error
    except ValueError as error:
        raise StepFailedError(f"ClientError: {uri} is not JSON ({error})") from error


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2))


def _inside(folder: Path, relative: str) -> Path:
    target = (folder / relative).resolve()
    if not target.is_relative_to(folder.resolve()):
        raise StepFailedError(f"ClientError: the key part {relative!r} leads out of the input's folder")
    return target


def _download_object(s3: Any, bucket: str, key: str, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as stream:
        for chunk in s3.get_object(Bucket=bucket, Key=key)["Body"].iter_chunks(1 << 20):
            stream.write(chunk)
