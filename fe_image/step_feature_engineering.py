"""The processing step: reads the inputs in the execution's snapshot, engineers features, and writes the outputs.

The exit code is 0, or 1 with the reason in ``/opt/ml/output/message``, from which SageMaker takes the step's failure reason.
"""

from __future__ import annotations

import logging
import signal
import sys
import time
from collections.abc import Mapping
from types import FrameType
from typing import Any

from contracts.problems import ProblemsError
from fe_image.container.exit_message import STOPPED, container_root, write_message
from fe_image.container.log_sync import LogBuffer, LogSync
from fe_image.container.privileges import become_unprivileged
from fe_image.container.step_environment import StepEnvironment
from fe_image.engineer import engineer
from fe_image.execution_source import item_source, read_item, read_snapshot_assets
from fe_image.outputs import write_outputs

log = logging.getLogger("fe_image")


class Terminated(BaseException):
    """SageMaker stops the job with SIGTERM, and with SIGKILL 30 seconds later."""


def run_step(execution_id: str, environment: Mapping[str, str]) -> int:
    """Run the step for an execution and return the exit code. The log and the exit message report every failure."""
    buffer = _logging()
    become_unprivileged(container_root(environment))
    sync: LogSync | None = None
    previous = signal.signal(signal.SIGTERM, _terminate)
    reason: str | None = None
    try:
        where = StepEnvironment.read(execution_id, environment)
        item = read_item(where)
        sync = LogSync(where, buffer)  # not earlier: the log of an execution that is not ours must not be overwritten
        sync.start()
        _run(where, item)
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
    _stop_logging(buffer)
    return 0 if reason is None else 1


def _run(where: StepEnvironment, item: Mapping[str, Any]) -> None:
    began = time.perf_counter()
    log.info("execution %s: feature engineering begins", where.execution_id)
    source = item_source(item, where.execution_id)
    histories, notes = read_snapshot_assets(source, where.assets)
    for note in notes:
        log.warning("%s", note)
    data = engineer(histories, source.template)
    entries = write_outputs(data, where.outputs, where.execution_id)
    for name, entry in entries.items():
        log.info("%s: %d bytes", name, entry["size"])
    log.info("execution %s: feature engineering ended after %.1f s", where.execution_id, time.perf_counter() - began)


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


def _stop_logging(buffer: LogBuffer) -> None:
    log.removeHandler(buffer)
