from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

import pulumi
import pytest

from local_run.emulator.resources.archives import UnsupportedAssetError, asset_bytes, zip_bytes


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "code" / "inner").mkdir(parents=True)
    (tmp_path / "code" / "a.py").write_text("a = 1\n")
    (tmp_path / "code" / "inner" / "b.py").write_text("b = 2\n")
    return tmp_path


def contents(packed: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(packed)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def test_nested_archives_and_assets(folder: Path) -> None:
    archive = pulumi.AssetArchive(
        {
            "own.py": pulumi.FileAsset("code/a.py"),
            "text.txt": pulumi.StringAsset("words"),
            "pkg": pulumi.FileArchive("code"),
            "deep": pulumi.AssetArchive({"x": pulumi.FileAsset("code/inner/b.py")}),
        }
    )
    assert contents(zip_bytes(archive, folder)) == {
        "own.py": b"a = 1\n",
        "text.txt": b"words",
        "pkg/a.py": b"a = 1\n",
        "pkg/inner/b.py": b"b = 2\n",
        "deep/x": b"b = 2\n",
    }


def test_a_zip_file_is_taken_as_it_is_and_unpacked_inside_another(folder: Path) -> None:
    packed = zip_bytes(pulumi.FileArchive("code"), folder)
    (folder / "code.zip").write_bytes(packed)
    assert zip_bytes(pulumi.FileArchive("code.zip"), folder) == packed
    outer = pulumi.AssetArchive({"lib": pulumi.FileArchive("code.zip")})
    assert set(contents(zip_bytes(outer, folder))) == {"lib/a.py", "lib/inner/b.py"}


def test_the_same_content_gives_the_same_bytes_whatever_times_and_modes(folder: Path) -> None:
    before = zip_bytes(pulumi.FileArchive("code"), folder)
    os.utime(folder / "code" / "a.py", (1, 1))
    (folder / "code" / "a.py").chmod(0o600)
    assert zip_bytes(pulumi.FileArchive("code"), folder) == before
    (folder / "code" / "a.py").write_text("a = 2\n")
    assert zip_bytes(pulumi.FileArchive("code"), folder) != before


def test_what_lies_elsewhere_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedAssetError, match="RemoteArchive"):
        zip_bytes(pulumi.RemoteArchive("https://example.com/a.zip"), tmp_path)
    with pytest.raises(UnsupportedAssetError, match="RemoteAsset"):
        asset_bytes(pulumi.RemoteAsset("https://example.com/a"), tmp_path)
