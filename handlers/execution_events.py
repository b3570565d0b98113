"""Update execution items: one invocation per EventBridge event of our pipelines.

Transient errors are raised, so Lambda and EventBridge deliver the event again. Events that no retry can repair end in the
dead-letter queue.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from contracts.display import printable_line
from handlers.environment import stack
from handlers.events import ForeignEventError, parse
from runs.observe import record_change

LOG = logging.getLogger(__name__)
LOG.setLevel(logging.INFO)


def handle(event: Mapping[str, Any], context: object = None) -> dict[str, str]:
    """Record the event's change. A foreign event is ignored with a log line."""
    deployed = stack()
    try:
        received = parse(event, (deployed.outputs.pipeline_arn, deployed.outputs.forecast_pipeline_arn))
    except ForeignEventError as error:
        LOG.warning("ignored foreign event: %s", printable_line(error))
        return {"result": "ignored"}
    execution_id = record_change(deployed, received.pipeline_execution_arn, received.change)
    change = received.change
    line = f"execution {execution_id}: {change.step or 'pipeline'} {change.previous or '-'} -> {change.status}"
    LOG.info("%s", printable_line(line))
    return {"result": "recorded", "executionId": execution_id}
