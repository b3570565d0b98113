"""The frame of every processing step: log, log sync, SIGTERM, and the exit message.

The exit code is 0, or 1 with the reason in ``/opt/ml/output/message``, from which SageMaker takes the step's failure reason.
"""

from __future__ import annotations

import logging
import signal
import sys
import time
from collections.abc import Callable, Mapping
from types import FrameType
from typing import Any, TypeAlias

from contracts.problems import ProblemsError
from fe_image.container.exit_message import STOPPED, container_root, write_message
from fe_image.container.log_sync import LogBuffer, LogSync
from fe_image.container.privileges import become_unprivileged
from fe_image.container.step_environment import StepEnvironment
from fe_image.execution_source import read_item

log = logging.getLogger("fe_image")

#: What a step does, given its environment and the execution's item.
Work: TypeAlias = Callable[[StepEnvironment, Mapping[str, Any]], None]


class Terminated(BaseException):
    """SageMaker stops the job with SIGTERM, and with SIGKILL 30 seconds later."""


def run_in_frame(name: str, log_name: str, work: Work, execution_id: str, environment: Mapping[str, str]) -> int:
    """Run a step for an execution and return the exit code. The log and the exit message report every failure.

    ``name`` is the step's in the log, ``log_name`` the property of ``ExecutionLayout`` with the log's key.
    """
    buffer = _logging()
    become_unprivileged(container_root(environment))
    sync: LogSync | None = None
    previous = signal.signal(signal.SIGTERM, _terminate)
    reason: str | None = None
    try:
        where = StepEnvironment.read(execution_id, environment)
        item = read_item(where)
        # Not earlier: the log of an execution that is not ours must not be overwritten.
        sync = LogSync(where, buffer, log_name=log_name)
        sync.start()
        began = time.perf_counter()
        log.info("execution %s: %s begins", where.execution_id, name)
        work(where, item)
        log.info("execution %s: %s ended after %.1f s", where.execution_id, name, time.perf_counter() - began)
    except ProblemsError as error:
        reason = str(error)
        log.error("%s", error)
    except Terminated:
        reason = STOPPED
        log.error("%s; the outputs are incomplete", STOPPED)
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        log.exception("the step failed")
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # the flush takes seconds and must not be interrupted
    if reason is not None:
        write_message(environment, reason)
    if sync is not None:
        sync.close()
    signal.signal(signal.SIGTERM, previous)
    log.removeHandler(buffer)
    return 0 if reason is None else 1


def _terminate(signum: int, frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a second SIGTERM must not interrupt the ending
    raise Terminated


def _logging() -> LogBuffer:
    """Log to stdout, which SageMaker sends to CloudWatch, and to the buffer that is synced. Returns the buffer."""
    buffer = LogBuffer()
    stream = logging.StreamHandler(sys.stdout)
    stream.setFormatter(buffer.formatter)
    log.handlers[:] = [stream, buffer]
    log.setLevel(logging.INFO)
    log.propagate = False
    return buffer
