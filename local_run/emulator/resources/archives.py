"""Pulumi archives and assets as bytes: a function's code as the zip file that Lambda takes."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pulumi

_EPOCH = (1980, 1, 1, 0, 0, 0)


class UnsupportedAssetError(Exception):
    """An asset or archive that is neither in the program nor on this machine."""


def asset_bytes(asset: object, root: Path) -> bytes:
    """Return the content of an asset. Relative paths start at ``root``, the program's folder."""
    if isinstance(asset, pulumi.StringAsset):
        return str(asset.text).encode()
    if isinstance(asset, pulumi.FileAsset):
        return (root / str(asset.path)).read_bytes()
    raise UnsupportedAssetError(f"{type(asset).__name__}: allowed are FileAsset and StringAsset")


def zip_bytes(archive: object, root: Path) -> bytes:
    """Return the archive as a zip file. Its bytes depend only on the content, not on times and modes."""
    if isinstance(archive, pulumi.FileArchive) and (root / str(archive.path)).is_file():
        return (root / str(archive.path)).read_bytes()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in sorted(_entries(archive, root)):
            info = zipfile.ZipInfo(name, _EPOCH)
            info.external_attr = 0o644 << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            packed.writestr(info, content)
    return buffer.getvalue()


def _entries(archive: object, root: Path, prefix: str = "") -> Iterator[tuple[str, bytes]]:
    if isinstance(archive, pulumi.AssetArchive):
        for name, item in archive.assets.items():
            if isinstance(item, pulumi.Archive):
                yield from _entries(item, root, f"{prefix}{name}/")
            else:
                yield f"{prefix}{name}", asset_bytes(item, root)
    elif isinstance(archive, pulumi.FileArchive):
        yield from _file_entries(root / str(archive.path), prefix)
    else:
        raise UnsupportedAssetError(f"{type(archive).__name__}: allowed are AssetArchive and FileArchive")


def _file_entries(path: Path, prefix: str) -> Iterator[tuple[str, bytes]]:
    if path.is_dir():
        for file in path.rglob("*"):
            if file.is_file():
                yield prefix + file.relative_to(path).as_posix(), file.read_bytes()
        return
    with zipfile.ZipFile(path) as packed:
        for name in packed.namelist():
            if not name.endswith("/"):
                yield prefix + name, packed.read(name)
