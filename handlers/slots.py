"""Slots of a schedule: the event that EventBridge Scheduler passes, and the answer of the handlers that start an execution.

The event is ``{"templateId": …, "scheduledTime": …}``. The execution id is derived from both, so a slot that fires twice starts
one execution.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from contracts.display import printable_line
from contracts.ids import template_id_problem
from contracts.problems import Problem, ProblemsError
from contracts.times import ALLOWED, TimeError, read_time
from runs.pipeline_start import Started
from runs.stack import Stack

LOG = logging.getLogger(__name__)
LOG.setLevel(logging.INFO)


def start_from(
    event: Mapping[str, Any], stack: Callable[[], Stack], start: Callable[[Stack, str, datetime], Started]
) -> dict[str, str]:
    """Start the slot's execution. A failure is raised, so it reaches the dead-letter queue after Lambda's retries."""
    template_id, moment = read_slot(event)
    started = start(stack(), template_id, moment)
    for note in started.notes:
        LOG.warning("%s", printable_line(note))
    outcome = "started" if started.new else "already exists"
    LOG.info("execution %s of template %s: %s", started.execution_id, template_id, outcome)
    return {"executionId": started.execution_id, "pipelineExecutionArn": started.pipeline_execution_arn}


def read_slot(event: Mapping[str, Any]) -> tuple[str, datetime]:
    """Return the template id and the time at which the call was due.

    Raises:
        ProblemsError: one of them is missing or not allowed.
    """
    template_id, time = event.get("templateId"), event.get("scheduledTime")
    problems = [problem] if (problem := template_id_problem(template_id, "templateId")) else []
    try:
        moment = read_time(time, "scheduledTime")
    except TimeError as error:
        raise ProblemsError("scheduled start", [*problems, Problem("scheduledTime", time, f"allowed: {ALLOWED}")]) from error
    if problems:
        raise ProblemsError("scheduled start", problems)
    return str(template_id), moment
