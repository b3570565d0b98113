"""What a stack costs before and after: each execution, what its schedules start in a month, and what is billed by the month."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from deploy_service.pull_request.model import Cost, CostLine, Unit
from deploy_service.pull_request.pipelines import definitions
from deploy_service.pull_request.prices import ALARM_PER_MONTH, KEY_PER_MONTH, PER_HOUR
from policies.kinds import ALARM, KEY, SCHEDULE
from settings import next_times

Resource = Mapping[str, Any]
#: Minutes that each job of the demo's size is billed for (docs/deploying.md, Cost of a training). Forecast jobs are as short.
MINUTES = {"Processing": 2.2, "Training": 2.5, "Transform": 2.2}
NOT_INCLUDED = "storage, requests, logs, data transfer, endpoints, retries, and savings by spot capacity"
_MONTH = timedelta(days=30)
_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class _Amounts:
    """Dollars by (item, unit), and instance types without a price."""

    by_item: Mapping[tuple[str, Unit], float | None]
    unpriced: frozenset[str]


def cost(base: Sequence[Resource], head: Sequence[Resource]) -> Cost:
    """Compare both revisions. Items are listed if either has them."""
    before, after = _amounts(base), _amounts(head)
    items = dict.fromkeys([*before.by_item, *after.by_item])
    lines = [
        CostLine(item=item, unit=unit, before=before.by_item.get((item, unit)), after=after.by_item.get((item, unit)))
        for item, unit in items
    ]
    return Cost(lines=lines, unpriced=sorted(before.unpriced | after.unpriced))


def _amounts(resources: Sequence[Resource]) -> _Amounts:
    amounts: dict[tuple[str, Unit], float | None] = {}
    unpriced: set[str] = set()
    for name, definition in definitions(resources).items():
        price, missing = _priced(name, definition)
        unpriced |= missing
        amounts[f"an execution of {name}", "execution"] = price
        starts = _starts_per_month(resources, name)
        if starts and price is not None:
            amounts[f"{starts} scheduled executions of {name}", "month"] = starts * price
    for kind, price_each, words in ((KEY, KEY_PER_MONTH, "KMS keys"), (ALARM, ALARM_PER_MONTH, "alarms")):
        count = sum(resource["type"] == kind for resource in resources)
        if count:
            amounts[words, "month"] = count * price_each
    return _Amounts(amounts, frozenset(unpriced))


def _priced(name: str, definition: Mapping[str, Any]) -> tuple[float | None, set[str]]:
    """No price for a definition of another shape, which a program can register without our check."""
    try:
        return execution_price(definition)
    except (AttributeError, KeyError, TypeError, ValueError):
        return None, {f"the definition of {name}"}


def execution_price(definition: Mapping[str, Any]) -> tuple[float | None, set[str]]:
    """Dollars of one execution with the definition's default instances, and the types that have no price here."""
    defaults = {item["Name"]: item.get("DefaultValue") for item in definition.get("Parameters", [])}
    total, missing = 0.0, set[str]()
    for step in _steps(definition.get("Steps", [])):
        kind = _instance(step.get("Arguments", {}), "InstanceType", defaults)
        count = _instance(step.get("Arguments", {}), "InstanceCount", defaults)
        if kind is None or step.get("Type") not in MINUTES:
            continue
        if str(kind) not in PER_HOUR:
            missing.add(str(kind))
            continue
        total += PER_HOUR[str(kind)] * float(count or 1) * MINUTES[step["Type"]] / 60
    return (None if missing else total), missing


def _steps(steps: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    found = list(steps)
    for step in steps:
        for branch in ("IfSteps", "ElseSteps"):
            found += _steps(step.get("Arguments", {}).get(branch, []))
    return found


def _instance(value: Any, name: str, defaults: Mapping[str, Any]) -> Any:
    """The first value with this name inside a step's arguments; a reference to a parameter is its default."""
    if isinstance(value, Mapping):
        if name in value:
            found = value[name]
            return defaults.get(str(found["Get"]).removeprefix("Parameters.")) if isinstance(found, Mapping) else found
        value = list(value.values())
    if isinstance(value, list):
        return next((found for item in value if (found := _instance(item, name, defaults)) is not None), None)
    return None


def _starts_per_month(resources: Sequence[Resource], pipeline: str) -> int:
    wanted = "forecast-start" if pipeline.endswith("-forecast") else "scheduled-start"
    expressions = [
        str(resource["inputs"].get("scheduleExpression"))
        for resource in resources
        if resource["type"] == SCHEDULE and wanted in resource["name"]
    ]
    return sum(len([time for time in next_times(text, _EPOCH, count=800) if time <= _EPOCH + _MONTH]) for text in expressions)
