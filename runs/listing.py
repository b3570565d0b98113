"""Executions as rows of short texts: for the table, CSV and JSON of ``runs list``, and to filter them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any

from contracts import status as st
from contracts.problems import Problem, ProblemsError, nearest
from contracts.tables import ExecutionAttribute, StepKey
from runs.report.stored import snapshot_of
from runs.stack import Stack
from runs.store import Item, execution_store

Row = dict[str, str]


class ListFormat(StrEnum):
    TABLE = "table"
    CSV = "csv"
    JSON = "json"


#: Members of ExecutionAttribute that rows need besides identity and state.
_ATTRIBUTES = (ExecutionAttribute.SNAPSHOT, ExecutionAttribute.STEPS)
FIELDS = (
    "execution", "template", "kind", "asset", "asOf", "status", "step", "outcome", "skill", "created", "origin", "arn",
)  # fmt: skip
#: "+1.0%" is a number of ours; what people name can begin like a formula.
_FORMULA = ("=", "@", "-", "\t", "\r")
#: Steps by kind, if they are not those of a training. An ablation is compared and never registered.
_STEPS = {st.FORECAST: st.FORECAST_STEPS, st.ABLATION: st.STEPS[:-1]}


def listed(stack: Stack, where: Sequence[str] = (), search: str = "") -> list[Row]:
    """Return the executions that fulfil all conditions, newest first.

    A condition is ``field=value`` with a field of :data:`FIELDS`, or a path in the snapshot such as ``Template.frequency``;
    ``*`` in the value matches anything. ``search`` is a part of the id or of the pipeline execution's ARN.

    Raises:
        ProblemsError: a condition has another form, or names a field that no execution has.
    """
    conditions = _conditions(where)
    found = [(item, row_of(item)) for item in execution_store(stack).all(*_ATTRIBUTES)]
    unknown = [name for name, _ in conditions if found and all(_values(name, *one) is None for one in found)]
    if unknown:
        raise ProblemsError("list", [_unknown(name) for name in unknown])
    return [
        row
        for item, row in found
        if (search in row["execution"] or search in row["arn"])
        and all(fnmatchcase(_values(name, item, row) or "", value) for name, value in conditions)
    ]


def as_json(rows: Sequence[Row]) -> str:
    """Return the rows as a JSON list of objects."""
    return json.dumps(rows, indent=2)


def as_csv(rows: Sequence[Row]) -> str:
    """Return the rows as CSV with a header. A text that a spreadsheet would read as a formula gets an apostrophe."""
    written = io.StringIO()
    writer = csv.DictWriter(written, FIELDS, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: f"'{text}" if text.startswith(_FORMULA) else text for name, text in row.items()} for row in rows)
    return written.getvalue().rstrip("\n")


def _conditions(where: Sequence[str]) -> list[tuple[str, str]]:
    bad = [text for text in where if text.find("=") < 1]
    if bad:
        allowed = "allowed: field=value, such as status=Failed or Template.frequency=1D"
        raise ProblemsError("list", [Problem("--where", text, allowed) for text in bad])
    return [(name, value) for name, _, value in (text.partition("=") for text in where)]


def _unknown(name: str) -> Problem:
    allowed = f"allowed: {', '.join(FIELDS)}, or a path in the snapshot such as Template.frequency or Parameters.epochs"
    return Problem("--where", name, " ".join(filter(None, ("no execution has this field;", nearest(name, FIELDS), allowed))))


def _values(name: str, item: Mapping[str, Any], row: Row) -> str | None:
    """The text of a field; None if the execution has none."""
    if name in row:
        return row[name]
    objects, texts = snapshot_of(item.get(ExecutionAttribute.SNAPSHOT))
    value: Any = {**objects, **texts}
    for part in name.split("."):
        if not isinstance(value, Mapping) or part not in value:
            return None
        value = value[part]
    return value if isinstance(value, str) else json.dumps(value)


def row_of(item: Item) -> Row:
    """Return the texts of an item by field; an empty text for what is not known."""
    template = snapshot_of(item.get(ExecutionAttribute.SNAPSHOT))[0].get("Template", {})
    kind = str(item.get(ExecutionAttribute.KIND, st.TRAINING))
    texts = {
        "execution": item.get(ExecutionAttribute.ID),
        "template": item.get(ExecutionAttribute.TEMPLATE_ID),
        "kind": kind,
        "asset": template.get("predictedAsset"),
        "asOf": template.get("endTraining") if kind != st.FORECAST else None,
        "status": item.get(ExecutionAttribute.STATUS),
        "step": "".join(_step(item, kind)),
        "outcome": item.get(ExecutionAttribute.OUTCOME),
        "skill": _skill(item.get(ExecutionAttribute.GATE_METRIC)),
        "created": item.get(ExecutionAttribute.CREATED_AT),
        "origin": item.get(ExecutionAttribute.ORIGIN),
        "arn": item.get(ExecutionAttribute.PIPELINE_EXECUTION_ARN),
    }
    return {name: "" if texts[name] is None else str(texts[name]) for name in FIELDS}


def _step(item: Item, kind: str) -> Iterator[str]:
    """``3/7 Training``: the place and the name of the step that began last, in the pipeline's order."""
    steps = item.get(ExecutionAttribute.STEPS)
    names = _STEPS.get(kind, st.STEPS)
    begun = [name for name in names if isinstance(steps, Mapping) and StepKey.STATUS in (steps.get(name) or {})]
    if begun:
        yield f"{names.index(begun[-1]) + 1}/{len(names)} {begun[-1]}"


def _skill(value: object) -> str:
    try:
        return f"{float(str(value)):+.1%}"
    except ValueError:
        return ""
