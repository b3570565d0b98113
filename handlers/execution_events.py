"""Keeps execution items up to date: one call an EventBridge event of our pipeline.

Transient errors are raised, so that Lambda and EventBridge deliver again; what can not be mended goes to the dead-letter queue.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from handlers.environment import stack
from handlers.events import ForeignEventError, parse
from runs.observe import record_change

LOG = logging.getLogger(__name__)
LOG.setLevel(logging.INFO)


def handle(event: Mapping[str, Any], context: object = None) -> dict[str, str]:
    """Record the event's change. A foreign event is ignored with a log line that a metric filter counts."""
    deployed = stack()
    try:
        received = parse(event, deployed.outputs.pipeline_arn)
    except ForeignEventError as error:
        LOG.warning("ignored foreign event: %s", error)
        return {"result": "ignored"}
    execution_id = record_change(deployed, received.pipeline_execution_arn, received.change)
    change = received.change
    LOG.info("execution %s: %s %s -> %s", execution_id, change.step or "pipeline", change.previous or "-", change.status)
    return {"result": "recorded", "executionId": execution_id}
