"""Retraining: starts an execution of the template that the schedule names.

The schedule passes ``{"templateId": …, "scheduledTime": …}``. The id is made of both, so a schedule that fires twice for one
time starts one execution.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from contracts.ids import new_execution_id, template_id_problem
from contracts.problems import Problem, ProblemsError
from handlers.environment import stack
from runs.begin import start
from runs.history import parse_time

LOG = logging.getLogger(__name__)
LOG.setLevel(logging.INFO)


def handle(event: Mapping[str, Any], context: object = None) -> dict[str, str]:
    """Start the execution; a failure is raised and so reaches the dead-letter queue."""
    template_id, time = str(event.get("templateId", "")), str(event.get("scheduledTime", ""))
    problem = template_id_problem(template_id, "templateId")
    if problem is not None:
        raise ProblemsError("scheduled start", [problem])
    try:
        moment = parse_time(time)
    except ValueError as error:
        raise ProblemsError("scheduled start", [Problem("scheduledTime", time, "allowed: an ISO 8601 time")]) from error
    started = start(stack(), template_id, new_execution_id(template_id, moment, suffix="s"), origin="schedule")
    LOG.info("execution %s of template %s: %s", started.execution_id, template_id, "started" if started.new else "was started")
    return {"executionId": started.execution_id, "pipelineExecutionArn": started.pipeline_execution_arn}
