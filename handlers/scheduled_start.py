"""Retraining: start an execution of the template that the schedule names.

The schedule passes ``{"templateId": …, "scheduledTime": …}``. The execution id is derived from both, so a slot that fires twice
starts one execution.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from contracts.display import printable_line
from contracts.ids import template_id_problem
from contracts.problems import Problem, ProblemsError
from contracts.times import ALLOWED, TimeError, read_time
from handlers.environment import stack
from runs.begin import start_slot

LOG = logging.getLogger(__name__)
LOG.setLevel(logging.INFO)


def handle(event: Mapping[str, Any], context: object = None) -> dict[str, str]:
    """Start the slot's execution. A failure is raised, so it reaches the dead-letter queue after Lambda's retries."""
    template_id, time = event.get("templateId"), event.get("scheduledTime")
    problems = [problem] if (problem := template_id_problem(template_id, "templateId")) else []
    try:
        moment = read_time(time, "scheduledTime")
    except TimeError as error:
        raise ProblemsError("scheduled start", [*problems, Problem("scheduledTime", time, f"allowed: {ALLOWED}")]) from error
    if problems:
        raise ProblemsError("scheduled start", problems)
    started = start_slot(stack(), str(template_id), moment)
    for note in started.notes:
        LOG.warning("%s", printable_line(note))
    outcome = "started" if started.new else "already exists"
    LOG.info("execution %s of template %s: %s", started.execution_id, template_id, outcome)
    return {"executionId": started.execution_id, "pipelineExecutionArn": started.pipeline_execution_arn}
