"""The temporary folder of one emulator, and the removal of folders of killed emulators."""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PREFIX = "forecast-emulator-"
_LOCK = "lock"


@contextmanager
def workspace(parent: Path | None = None) -> Iterator[Path]:
    """Create a folder for jobs and functions, and remove it afterwards. Folders of killed emulators are removed first.

    A running emulator holds a lock on a file in its folder; the kernel releases it however the emulator ends.
    """
    place = parent or Path(tempfile.gettempdir())
    _remove_abandoned(place)
    draft = Path(tempfile.mkdtemp(prefix=f".{PREFIX}", dir=place))
    folder = place / draft.name.removeprefix(".")
    try:
        with (draft / _LOCK).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            draft.rename(folder)  # only now may others look at the lock
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _remove_abandoned(place: Path) -> None:
    for lock in place.glob(f"{PREFIX}*/{_LOCK}"):
        try:
            with lock.open("r") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(lock.parent, ignore_errors=True)
        except OSError:  # the emulator is running, another user owns the file, or the file was just deleted
            continue
