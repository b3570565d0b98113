"""What differs between two executions: template, prices, definition, image, parameters, figures, and durations of the steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from contracts import status as st
from contracts.problems import one_problem
from contracts.tables import ExecutionAttribute
from runs.comparison import DIGEST_SHOWN, differences
from runs.operations import stored_execution
from runs.report.stored import snapshot_of
from runs.stack import Stack
from runs.store import Item, execution_store
from runs.views import duration

#: Name, and both values as JSON or as they are shown.
Difference = tuple[str, str, str]

_FIGURES = {
    "status": ExecutionAttribute.STATUS,
    "reason": ExecutionAttribute.FAILURE_REASON,
    "outcome": ExecutionAttribute.OUTCOME,
    "skill": ExecutionAttribute.GATE_METRIC,
    "required skill": ExecutionAttribute.GATE_THRESHOLD,
    "best baseline": ExecutionAttribute.GATE_BASELINE,
    "attempt": ExecutionAttribute.ATTEMPT,
}


def compared_executions(stack: Stack, first: str, second: str | None) -> tuple[Item, Item]:
    """Return two executions. Without ``second``, the last one of the same template whose model was registered.

    Raises:
        ProblemsError: one of them does not exist.
    """
    item = stored_execution(stack, first)
    if second is not None:
        return item, stored_execution(stack, second)
    name, template = str(item[ExecutionAttribute.ID]), item.get(ExecutionAttribute.TEMPLATE_ID)
    for other in execution_store(stack).all():
        is_registered = other.get(ExecutionAttribute.OUTCOME) == st.REGISTERED
        if is_registered and other.get(ExecutionAttribute.TEMPLATE_ID) == template and other[ExecutionAttribute.ID] != name:
            return item, stored_execution(stack, str(other[ExecutionAttribute.ID]))
    allowed = f"no other execution of template {template} has registered a model; name the second execution"
    raise one_problem("diff", "execution", name, allowed)


def execution_differences(first: Item, second: Item) -> list[Difference]:
    """Return only what differs, inputs first."""
    return [*differences(_inputs(first), _inputs(second)), *_results(first, second)]


def _inputs(item: Item) -> Mapping[str, Any]:
    """The snapshot in the words of a user."""
    objects, texts = snapshot_of(item.get(ExecutionAttribute.SNAPSHOT))
    assets = objects.get("Assets", {})
    known = {
        "template": objects.get("Template"),
        "parameter": objects.get("Parameters"),
        "prices": {name: str(found.get("Sha256", ""))[:DIGEST_SHOWN] for name, found in assets.items()},
        "model": objects.get("Model", {}).get("PackageArn"),
        "definition": texts.get("DefinitionDigest", "")[:DIGEST_SHOWN],
        "image": texts.get("ImageUri"),
    }
    return {name: value for name, value in known.items() if value}


def _results(first: Item, second: Item) -> Iterator[Difference]:
    for name, attribute in _FIGURES.items():
        values = [str(item.get(attribute) or "–") for item in (first, second)]
        if values[0] != values[1]:
            yield name, values[0], values[1]
    for step in (*st.STEPS, *(name for name in st.FORECAST_STEPS if name not in st.STEPS)):
        times = [duration(_step(item, step)) for item in (first, second)]
        if times[0] != times[1]:
            yield f"time of {step}", times[0], times[1]


def _step(item: Item, name: str) -> Mapping[str, Any]:
    steps = item.get(ExecutionAttribute.STEPS)
    step = steps.get(name) if isinstance(steps, Mapping) else None
    return step if isinstance(step, Mapping) else {}
