"""Gives up root before anything is read: SageMaker mounts ``/opt/ml/processing`` for root, so the container starts as root.

The folders are given to the image's own user, then the process becomes that user. Where there is no such user (a developer's
machine) or the process is not root, nothing happens.
"""

from __future__ import annotations

import logging
import os
import pwd
from collections.abc import Iterator
from pathlib import Path

from contracts.layout import EXIT_MESSAGE_FILE, PROCESSING_ROOT

USER = "step"
log = logging.getLogger(__name__)


def become_unprivileged(root: Path = Path("/"), user: str = USER) -> None:
    """Become the image's user, and log what happened. Stays root, with a warning, where a mount can not be given away."""
    if os.geteuid() != 0:
        log.info("runs as user id %d", os.geteuid())
        return
    try:
        entry = pwd.getpwnam(user)
    except KeyError:
        log.info("runs as root, as whoever started it: only the image has a user %s to become", user)
        return
    try:
        for path in _paths(root):
            os.chown(path, entry.pw_uid, entry.pw_gid, follow_symlinks=False)
    except OSError as error:
        log.warning("stays root: %s can not be given to the user %s (%s)", error.filename, user, error.strerror)
        return
    os.setgroups([])
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)
    log.info("runs as %s, no longer as root", user)


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
