"""``manifest.json``: the names, sizes and SHA-256 of everything the processing step wrote, written after everything else.

Outputs count when the job is Completed and they match it: what a killed step leaves behind never does.
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
    """The manifest as it is stored: the same bytes for the same files."""
    content = {"version": MANIFEST_VERSION, "execution_id": execution_id, "files": dict(sorted(entries.items()))}
    return json.dumps(content, indent=1, sort_keys=True).encode() + b"\n"


def entry(content: bytes) -> ManifestEntry:
    """The entry of a file with that content."""
    return {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def file_entry(path: Path) -> ManifestEntry:
    """The entry of a file on disk, which is not read into memory as a whole."""
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return {"size": path.stat().st_size, "sha256": digest}


def parse_manifest(content: bytes) -> dict[str, ManifestEntry]:
    """The manifest's entries by file name; :class:`ValueError` for anything that is none."""
    manifest: Any = json.loads(content)
    known = isinstance(manifest, dict) and manifest.get("version") == MANIFEST_VERSION
    if not known or not isinstance(manifest.get("files"), dict):
        raise ValueError(f"not a manifest of version {MANIFEST_VERSION}")
    files: dict[str, ManifestEntry] = manifest["files"]
    return files


def mismatches(entries: Mapping[str, ManifestEntry], found: Mapping[str, ManifestEntry]) -> list[Problem]:
    """What keeps found files from being the manifest's: missing ones and differing ones. Further files do not matter."""
    problems = []
    for name, expected in sorted(entries.items()):
        actual = found.get(name)
        if actual is None:
            problems.append(Problem(name, None, "the manifest lists it"))
        elif actual != expected:
            problems.append(Problem(name, dict(actual), f"the manifest has {expected}"))
    return problems


def directory_problems(root: Path) -> list[Problem]:
    """Why the outputs under a folder (``train/``, ``manifest/manifest.json`` …) do not count as finished; empty if they do."""
    path = root / "manifest" / MANIFEST_NAME
    try:
        entries = parse_manifest(path.read_bytes())
    except FileNotFoundError:
        return [Problem(MANIFEST_NAME, None, "it is written last: the step has not finished")]
    except ValueError as error:
        return [Problem(MANIFEST_NAME, str(error), "allowed: the JSON that the step writes")]
    found = {name: file_entry(root / name) for name in entries if (root / name).is_file()}
    return mismatches(entries, found)
