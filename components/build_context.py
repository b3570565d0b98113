"""The image's build context: its files, its identity, and a copy of it that is the same on every machine.

Docker and Pulumi's Docker provider include file modes in the context's hash, so a checkout with another umask would be another
context. The copy has fixed modes. Its folder is named after its content, so it is never written twice.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from contracts.problems import one_problem

#: The only folders that go into the image.
ALLOWED = ("contracts", "fe_image")
_SKIPPED_NAMES = ("__pycache__",)
#: Files that the image does not need, so changing them must not change its tag.
_SKIPPED_FILES = ("contracts/schedule_expression.py",)
#: Everything else (backups, logs, rejected patches, a desktop's files) is left out for the same reason.
_NEEDED_SUFFIXES = (".py",)
_NEEDED_NAMES = ("Dockerfile", "requirements.txt")
_DIRECTORY_MODE = 0o755
_FILE_MODE = 0o644
_TAG_LENGTH = 32


@dataclass(frozen=True)
class BuildContext:
    """Files by their path in the context (POSIX form), build arguments and platform: everything that the image depends on."""

    files: Mapping[str, bytes]
    build_args: Mapping[str, str]
    platform: str

    @classmethod
    def read(cls, root: Path, build_args: Mapping[str, str], platform: str) -> BuildContext:
        """Read the allowed folders under ``root``."""
        files = {path.relative_to(root).as_posix(): path.read_bytes() for path in _allowed_files(root)}
        return cls(files, dict(build_args), platform)

    @property
    def tag(self) -> str:
        """The image's tag: 32 hexadecimal digits of SHA-256 over every path, content, build argument and the platform."""
        digest = hashlib.sha256()
        parts = [("platform", self.platform.encode())]
        parts += [(f"argument {name}", value.encode()) for name, value in sorted(self.build_args.items())]
        parts += [(f"file {path}", content) for path, content in sorted(self.files.items())]
        for label, content in parts:
            for piece in (label.encode(), content):
                # Lengths first, so two different lists of parts never give the same bytes.
                digest.update(len(piece).to_bytes(8, "big") + piece)
        return digest.hexdigest()[:_TAG_LENGTH]

    def stage(self, folder: Path) -> Path:
        """Copy the context to ``folder/<tag>``, with modes that no umask changes. Two processes may do this at once."""
        target = folder / self.tag
        if target.is_dir():
            return target
        folder.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=folder))
        try:
            self._write(draft)
            draft.replace(target)
        except OSError:
            shutil.rmtree(draft, ignore_errors=True)
            if not target.is_dir():
                raise
        return target

    def _write(self, draft: Path) -> None:
        for path, content in self.files.items():
            written = draft / path
            written.parent.mkdir(parents=True, exist_ok=True)
            written.write_bytes(content)
            written.chmod(_FILE_MODE)
        for directory in [draft, *(found for found in draft.rglob("*") if found.is_dir())]:
            directory.chmod(_DIRECTORY_MODE)


def _allowed_files(root: Path) -> Iterator[Path]:
    for name in ALLOWED:
        if not (root / name).is_dir():
            raise one_problem("image", "build context", str(root / name), f"allowed: the folders {' and '.join(ALLOWED)}")
        yield from (path for path in sorted((root / name).rglob("*")) if path.is_file() and _belongs(path.relative_to(root)))


def _belongs(path: Path) -> bool:
    """True if the image needs this file."""
    hidden = any(part.startswith(".") or part in _SKIPPED_NAMES for part in path.parts)
    left_out = any(path.match(pattern) for pattern in _SKIPPED_FILES)
    return not hidden and not left_out and (path.suffix in _NEEDED_SUFFIXES or path.name in _NEEDED_NAMES)
