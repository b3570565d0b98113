"""On a schedule: brings every recent execution's item to what SageMaker says of it, since events may be lost."""

from __future__ import annotations

import logging
from typing import Any

from handlers.environment import stack
from runs.observe import reconcile

LOG = logging.getLogger(__name__)
LOG.setLevel(logging.INFO)


def handle(event: Any = None, context: object = None) -> dict[str, list[str]]:
    """Returns the ids of the executions that were behind."""
    repaired = reconcile(stack())
    LOG.info("reconciled: %s", ", ".join(repaired) or "nothing was behind")
    return {"repaired": repaired}
