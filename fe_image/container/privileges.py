"""Switches from root to the image's user before the step reads anything.

SageMaker mounts ``/opt/ml/processing`` for root, so the container starts as root. The folders are handed to the image's user,
and the process becomes that user. Nothing happens if the process is not root or the user does not exist.
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
    """Become the image's user and log the result. If the owner of a mount cannot be changed, stay root and log a warning."""
    if os.geteuid() != 0:
        log.info("running as user id %d", os.geteuid())
        return
    try:
        entry = pwd.getpwnam(user)
    except KeyError:
        log.info("running as root; only the container image switches to the unprivileged user %s", user)
        return
    try:
        for path in _paths(root):
            os.chown(path, entry.pw_uid, entry.pw_gid, follow_symlinks=False)
    except OSError as error:
        log.warning("still running as root: the owner of %s cannot be changed to %s (%s)", error.filename, user, error.strerror)
        return
    os.setgroups([])
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)
    log.info("running as %s, no longer as root", user)


def _paths(root: Path) -> Iterator[Path]:
    """Yield the folders and files that the step reads and writes."""
    message = (root / EXIT_MESSAGE_FILE.lstrip("/")).parent
    message.mkdir(parents=True, exist_ok=True)
    processing = root / PROCESSING_ROOT.lstrip("/")
    yield message
    yield from message.iterdir()
    if processing.is_dir():
        yield processing
        yield from processing.rglob("*")
