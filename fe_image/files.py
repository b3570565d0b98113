"""Writes files atomically, and returns what the manifest records about them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from contracts.manifest import ManifestEntry


def write_file(path: Path, pieces: Iterable[bytes]) -> ManifestEntry:
    """Write a file under a temporary name, then rename it."""
    digest, size = hashlib.sha256(), 0
    partial = path.with_name(f".{path.name}.partial")
    try:
        with partial.open("wb") as stream:
            for piece in pieces:
                digest.update(piece)
                size += len(piece)
                stream.write(piece)
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(path)
    except OSError:
        partial.unlink(missing_ok=True)
        raise
    return {"size": size, "sha256": digest.hexdigest()}


def clear_partial(folder: Path) -> None:
    """Delete the temporary files that a killed step left in a folder."""
    for left_over in folder.glob(".*.partial"):
        left_over.unlink()
