"""Writes files atomically, the manifest last, and returns what the manifest records about them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from contracts.manifest import ManifestEntry, manifest_bytes


def write_files(
    root: Path, folders: Iterable[str], manifest: str, execution_id: str, files: Iterable[tuple[str, Iterable[bytes]]]
) -> dict[str, ManifestEntry]:
    """Write files, given by name and content, under ``root`` into ``folders``, then the manifest; return its entries.

    An earlier manifest is deleted first, so a killed step never leaves a manifest that matches partial output.
    """
    for folder in folders:
        (root / folder).mkdir(parents=True, exist_ok=True)
        clear_partial(root / folder)
    (root / manifest).unlink(missing_ok=True)
    entries = {name: write_file(root / name, pieces) for name, pieces in files}
    write_file(root / manifest, [manifest_bytes(execution_id, entries)])
    return entries


def clear_folder(folder: Path) -> None:
    """Create a folder, or delete the files in it."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        path.unlink()


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
