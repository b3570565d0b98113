"""``manifest.json``: names, sizes and SHA-256 of all files that the processing step wrote. It is written last.

Outputs count only if the job is Completed and they match the manifest, so the remains of a killed step never count.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypedDict

from contracts.problems import Problem

MANIFEST_NAME = "manifest.json"
MANIFEST_VERSION = 1


class ManifestEntry(TypedDict):
    """One file; its name is relative to the execution's prefix, such as ``train/train.json``."""

    size: int  # bytes
    sha256: str  # hexadecimal


def manifest_bytes(execution_id: str, entries: Mapping[str, ManifestEntry]) -> bytes:
    """Return the manifest as it is stored: the same bytes for the same files."""
    content = {"version": MANIFEST_VERSION, "execution_id": execution_id, "files": dict(sorted(entries.items()))}
    return json.dumps(content, indent=1, sort_keys=True).encode() + b"\n"


def entry(content: bytes) -> ManifestEntry:
    """Return the entry of a file with this content."""
    return {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def file_entry(path: Path) -> ManifestEntry:
    """Return the entry of a file on disk, without reading the whole file into memory."""
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return {"size": path.stat().st_size, "sha256": digest}


def parse_manifest(content: bytes) -> dict[str, ManifestEntry]:
    """Return the manifest's entries by file name.

    Raises:
        ValueError: not the JSON of a manifest of this version.
    """
    manifest: Any = json.loads(content)
    known = isinstance(manifest, dict) and manifest.get("version") == MANIFEST_VERSION
    files = manifest.get("files") if known else None
    if not isinstance(files, dict) or not all(map(_is_entry, files.values())):
        raise ValueError(f"not a manifest of version {MANIFEST_VERSION}")
    return {name: {"size": found["size"], "sha256": found["sha256"]} for name, found in files.items()}


def mismatches(entries: Mapping[str, ManifestEntry], found: Mapping[str, ManifestEntry]) -> list[Problem]:
    """Compare found files with the manifest: report missing and different ones. Additional files do not matter."""
    problems = []
    for name, expected in sorted(entries.items()):
        actual = found.get(name)
        if actual is None:
            problems.append(Problem(name, None, "the manifest lists it"))
        elif actual != expected:
            problems.append(Problem(name, _described(actual), f"the manifest has {_described(expected)}"))
    return problems


def directory_problems(root: Path) -> list[Problem]:
    """Report why the outputs in a folder (``train/``, ``manifest/manifest.json`` …) do not count as finished."""
    path = root / "manifest" / MANIFEST_NAME
    try:
        entries = parse_manifest(path.read_bytes())
    except FileNotFoundError:
        return [Problem(MANIFEST_NAME, None, "it is written last, so the step has not finished")]
    except ValueError as error:
        return [Problem(MANIFEST_NAME, str(error), "allowed: the JSON that the step writes")]
    found = {name: file_entry(root / name) for name in entries if (root / name).is_file()}
    return mismatches(entries, found)


def _is_entry(value: object) -> bool:
    return isinstance(value, dict) and isinstance(value.get("size"), int) and isinstance(value.get("sha256"), str)


def _described(found: ManifestEntry) -> str:
    return f"{found['size']} bytes, SHA-256 {found['sha256'][:12]}"
