"""Archives of training jobs."""

from __future__ import annotations

import gzip
import tarfile
from pathlib import Path


def pack_folder(folder: Path, target: Path) -> Path:
    """Pack all files of a folder into a ``.tar.gz`` and return its path. The same files give the same bytes."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path != target)
    with (
        target.open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for path in files:
            member = tarfile.TarInfo(path.relative_to(folder).as_posix())
            member.size, member.mode = path.stat().st_size, 0o644
            with path.open("rb") as stream:
                archive.addfile(member, stream)
    return target
