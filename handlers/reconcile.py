"""On a schedule: bring the item of every recent execution up to date with SageMaker, because events can be lost."""

from __future__ import annotations

import logging
from typing import Any

from handlers.environment import stack
from runs.reconcile import reconcile

LOG = logging.getLogger(__name__)
LOG.setLevel(logging.INFO)


def handle(event: Any = None, context: object = None) -> dict[str, list[str]]:
    """Return the ids of the executions that were behind; raise after handling all of them if any failed."""
    repaired = reconcile(stack())
    LOG.info("reconciled: %s", ", ".join(repaired) or "no execution was behind")
    return {"repaired": repaired}
