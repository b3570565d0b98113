"""The content of an S3 object with its SHA-256: in memory, or in a temporary file if it is large."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any

_CHUNK = 1 << 20
_IN_MEMORY_BYTES = 16 << 20


@dataclass(frozen=True)
class Spooled:
    """``stream`` is at its beginning. ``etag`` is S3's, without quotation marks."""

    stream: IO[bytes]
    sha256: str  # hexadecimal
    etag: str


@contextmanager
def spooled(s3: Any, bucket: str, key: str) -> Iterator[Spooled]:
    """Download an object; its content is kept within the block.

    Raises:
        ClientError: S3 refuses it, or there is none.
    """
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES) as stream:
        hasher = hashlib.sha256()
        answer = s3.get_object(Bucket=bucket, Key=key)
        for chunk in answer["Body"].iter_chunks(_CHUNK):
            hasher.update(chunk)
            stream.write(chunk)
        stream.seek(0)
        yield Spooled(stream, hasher.hexdigest(), answer["ETag"].strip('"'))
