"""JAX's persistent compilation cache in the user's cache folder, shared by all trainings and servers of this user.

JAX's keys include the program, the versions of JAX and XLA, the compiler's options and the processor, and JAX locks the folder
for each read and write. The folder must belong to the user, because its entries are code.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, MutableMapping
from pathlib import Path

from filelock import FileLock

log = logging.getLogger(__name__)

#: JAX's own variables. The first two are the user's: another folder, and ``false`` to switch the cache off.
FOLDER_VARIABLE = "JAX_COMPILATION_CACHE_DIR"
SWITCH_VARIABLE = "JAX_ENABLE_COMPILATION_CACHE"
#: JAX removes the least recently used entries above this size. A training of one shape keeps less than 1 MB.
SIZE_VARIABLE = "JAX_COMPILATION_CACHE_MAX_SIZE"
MAX_BYTES = 128 * 1024 * 1024
#: By default, JAX keeps only functions that take at least a second to compile. The small ones take a second together.
LEAST_SECONDS_VARIABLE = "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"

#: Names that JAX gives to the lock, and to an entry's two files, of which it writes the second one last.
_LOCK, _ENTRY, _ACCESS_TIME = ".lockfile", "-cache", "-atime"
_LOCK_SECONDS = 10


def default_folder(environment: Mapping[str, str]) -> Path:
    """Return the project's folder in ``XDG_CACHE_HOME`` or, by default, in ``~/.cache``."""
    base = environment.get("XDG_CACHE_HOME", "")
    # The XDG specification ignores relative paths.
    root = Path(base) if Path(base).is_absolute() else Path.home() / ".cache"
    return root / "forecast-training-pipeline" / "jax"


def use_compilation_cache(environment: MutableMapping[str, str] = os.environ) -> None:
    """Switch the cache on for this process and its children, unless JAX's variables already name a folder.

    Call it before JAX is imported, because JAX reads the variables then. If the folder cannot be used, a line in the log says
    so, and everything is compiled.
    """
    if environment.get(FOLDER_VARIABLE):  # JAX does the rest, and the entries may be other programs'
        return
    try:
        folder = default_folder(environment)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _remove_incomplete(folder)
    except (OSError, RuntimeError) as error:  # RuntimeError: the user has no home folder
        log.info("No compilation cache, so training starts later: %s", error)
        return
    environment[FOLDER_VARIABLE] = str(folder)
    environment.setdefault(SIZE_VARIABLE, str(MAX_BYTES))
    environment.setdefault(LEAST_SECONDS_VARIABLE, "0")


def _remove_incomplete(folder: Path) -> None:
    """Remove what killed processes left: JAX would never replace a partial entry, and could not remove it either."""
    with FileLock(folder / _LOCK, timeout=_LOCK_SECONDS):
        entries, accessed = ({path.name.removesuffix(end) for path in folder.glob(f"*{end}")} for end in (_ENTRY, _ACCESS_TIME))
        for key in entries - accessed:
            (folder / f"{key}{_ENTRY}").unlink()
        for key in accessed - entries:
            (folder / f"{key}{_ACCESS_TIME}").unlink()
