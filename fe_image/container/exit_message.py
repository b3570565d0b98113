"""The exit message, which SageMaker makes the step's failure reason, also where the step can not begin.

Imports nothing slow: the executor needs it while the numerical libraries are still to come.
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

#: SageMaker cuts a failure reason here.
MESSAGE_MAX = 1024
STOPPED = "stopped by SIGTERM"
log = logging.getLogger("fe_image")


def write_message(environment: Mapping[str, str], reason: str) -> None:
    """Leave the reason where SageMaker looks for it; a folder that can not be written to is said in the log."""
    path = container_root(environment) / EXIT_MESSAGE_FILE.lstrip("/")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(reason[:MESSAGE_MAX])
    except OSError as error:
        log.error("the exit message could not be written: %s", error)


def container_root(environment: Mapping[str, str]) -> Path:
    """What stands before ``/opt/ml``."""
    return Path(environment.get(names.CONTAINER_ROOT) or "/")


@contextmanager
def explained(environment: Mapping[str, str]) -> Iterator[None]:
    """Around what comes before the step: a wrong command line, an import that fails and SIGTERM leave a message too.

    SIGTERM ends the process at once from here on, until the step puts its own end in place: there is nothing to flush yet, and
    the executor is a container's first process, which a signal that it does not handle would not end at all.
    """

    def stop(signum: int, frame: FrameType | None) -> None:
        # Not an exception: what is raised within an import can get lost in a callback of the import system.
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
