"""Version, size and SHA-256 of S3 objects."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import Any

_READ_CHUNK = 1 << 20


@dataclass(frozen=True)
class StoredObject:
    """One version of an object. ``version`` is ``null`` in a bucket without versions; ``size`` is in bytes."""

    version: str
    size: int
    sha256: str  # hexadecimal


def stored_object(s3: Any, bucket: str, key: str) -> StoredObject:
    """Describe the current version of an object: by the checksum that S3 keeps, or by reading it if S3 keeps none."""
    head = s3.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")
    version = str(head.get("VersionId", "null"))
    checksum = head.get("ChecksumSHA256")
    covers_all = head.get("ChecksumType", "FULL_OBJECT") == "FULL_OBJECT"
    sha256 = base64.b64decode(checksum).hex() if checksum and covers_all else _read_digest(s3, bucket, key, version)
    return StoredObject(version, int(head["ContentLength"]), sha256)


def current_version(s3: Any, bucket: str, key: str) -> str:
    """Return the id of an object's current version."""
    return str(s3.head_object(Bucket=bucket, Key=key).get("VersionId", "null"))


def _read_digest(s3: Any, bucket: str, key: str, version: str) -> str:
    request = {"Bucket": bucket, "Key": key} | ({"VersionId": version} if version != "null" else {})
    body = s3.get_object(**request)["Body"]
    hasher = hashlib.sha256()
    for chunk in iter(lambda: body.read(_READ_CHUNK), b""):
        hasher.update(chunk)
    return hasher.hexdigest()
