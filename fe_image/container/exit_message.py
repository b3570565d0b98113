"""The exit message, from which SageMaker takes the step's failure reason.

The module imports nothing slow, because the executor uses it before it imports the numerical libraries.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from contracts import environment as names
from contracts.layout import EXIT_MESSAGE_FILE

#: SageMaker truncates longer failure reasons.
MESSAGE_MAX = 1024
STOPPED = "stopped by SIGTERM"
log = logging.getLogger("fe_image")


def write_message(environment: Mapping[str, str], reason: str) -> None:
    """Write the reason to the file that SageMaker reads. If that fails, log the error."""
    path = container_root(environment) / EXIT_MESSAGE_FILE.lstrip("/")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(reason[:MESSAGE_MAX])
    except OSError as error:
        log.error("the exit message could not be written: %s", error)


def container_root(environment: Mapping[str, str]) -> Path:
    """Return the root of the container's file system: ``/`` in a container, a temporary folder if the step is a process."""
    return Path(environment.get(names.CONTAINER_ROOT) or "/")


@contextmanager
def exit_message_on_failure(environment: Mapping[str, str]) -> Iterator[None]:
    """Write an exit message if the command line is wrong, an import fails, or SIGTERM arrives before the step starts.

    SIGTERM ends the process at once until the step installs its own handler, because there is nothing to flush yet. A handler
    is needed: the executor is the container's first process, which ignores signals without one.
    """

    def stop(signum: int, frame: FrameType | None) -> None:
        # Not an exception, because a callback of the import system can swallow exceptions that are raised during an import.
        write_message(environment, STOPPED)
        os._exit(1)

    signal.signal(signal.SIGTERM, stop)
    try:
        yield
    except SystemExit as error:
        if error.code:
            write_message(environment, f"command line is {sys.argv[1:]}; allowed: --executionid ID")
        raise
    except Exception as error:
        write_message(environment, f"{type(error).__name__}: {error}")
        raise
