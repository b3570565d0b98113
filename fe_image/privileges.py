"""Gives up root before anything is read: SageMaker mounts ``/opt/ml/processing`` for root, so the container starts as root.

The folders are given to the image's own user, then the process becomes that user. Where there is no such user (a developer's
machine) or the process is not root, nothing happens.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from pathlib import Path

from contracts.layout import EXIT_MESSAGE_FILE, PROCESSING_ROOT

USER = "step"


def become_unprivileged(root: Path = Path("/"), user: str = USER) -> str:
    """Become the image's user; what happened, for the log. Stays root where a mount can not be given away."""
    if os.geteuid() != 0:
        return f"runs as user id {os.geteuid()}"
    try:
        entry = pwd.getpwnam(user)
    except KeyError:
        return f"runs as root: there is no user {user}"
    try:
        for path in _paths(root):
            os.chown(path, entry.pw_uid, entry.pw_gid, follow_symlinks=False)
    except OSError as error:
        return f"runs as root: {error.filename} can not be given to {user} ({error.strerror})"
    os.setgroups([])
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)
    return f"runs as {user}, no longer as root"


def _paths(root: Path) -> Iterator[Path]:
    """What the step reads and writes."""
    message = (root / EXIT_MESSAGE_FILE.lstrip("/")).parent
    message.mkdir(parents=True, exist_ok=True)
    processing = root / PROCESSING_ROOT.lstrip("/")
    yield message
    yield from message.iterdir()
    if processing.is_dir():
        yield processing
        yield from processing.rglob("*")
