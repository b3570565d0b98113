"""On a schedule: check every stored template that has a drift rule (:mod:`runs.drift_check`).

A function of its own keeps the functions that record events free of rights to read forecasts, send notices and start trainings.
"""

from __future__ import annotations

import logging
from typing import Any

from contracts.display import printable_line
from contracts.tables import TemplateAttribute
from handlers.environment import stack
from runs.drift_check import check_template, watched_templates

LOG = logging.getLogger(__name__)
LOG.setLevel(logging.INFO)


class DriftCheckError(Exception):
    """Some templates could not be checked, or not be retrained; the next check tries again. ``failures``: id to problem."""

    def __init__(self, failures: dict[str, str]) -> None:
        self.failures = failures
        named = "; ".join(f"{name}: {problem}" for name, problem in failures.items())
        super().__init__(f"{len(failures)} template{'s' if len(failures) != 1 else ''} could not be checked: {named}")


def handle(event: Any = None, context: object = None) -> dict[str, list[str]]:
    """Return the ids of the trainings that were started; raise after checking all templates if any check failed."""
    deployed, started, failures = stack(), list[str](), dict[str, str]()
    for template, rule in watched_templates(deployed):
        template_id = str(template[TemplateAttribute.ID])
        try:
            training = check_template(deployed, template, rule)
        except Exception as error:
            LOG.exception("template %s could not be checked", printable_line(template_id))
            failures[template_id] = printable_line(f"{type(error).__name__}: {error}")
            continue
        started += [training.execution_id] if training else []
    LOG.info("trainings started: %s; failures: %d", ", ".join(started) or "none", len(failures))
    if failures:
        raise DriftCheckError(failures)
    return {"started": started}
