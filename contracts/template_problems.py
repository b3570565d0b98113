"""Turn pydantic's findings about a template into problems that a user can solve: JSON path, value, what is allowed.

What is allowed comes from the model's JSON Schema, so both bounds of a number are always named and no library text is shown.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

from pydantic import BaseModel, ValidationError

from contracts.ids import ASSET_ALLOWED
from contracts.problems import UNSTATED, Problem, listed, nearest

_DATE = "an ISO 8601 date without a time zone, as text, such as '2010-12-31' or '2010-12-31 16:00:00'"
_TEXTS = {
    "frequency": "M, W, D, H or min, optionally with a multiple, such as 1D or 30min",
    "startDataset": _DATE,
    "endTraining": f"latest, or {_DATE}",
    "predictedAsset": ASSET_ALLOWED,
    "baseAssets": ASSET_ALLOWED,
}
_DATES = ("startDataset", "endTraining")
_NAMED_CHOICES = 20

Schema = Mapping[str, Any]


def field_problems(model: type[BaseModel], error: ValidationError) -> list[Problem]:
    """Return every entry of a ``ValidationError`` as a problem. A list with bad entries is not also reported as too short."""
    entries = error.errors(include_url=False)
    bad_lists = {entry["loc"][:-1] for entry in entries if entry["loc"] and isinstance(entry["loc"][-1], int)}
    counted = [entry for entry in entries if not (entry["type"] == "too_short" and entry["loc"] in bad_lists)]
    root = _schema_of(model)
    return [_field_problem(root, entry) for entry in counted]


@cache
def _schema_of(model: type[BaseModel]) -> Schema:
    return model.model_json_schema(by_alias=True)


def json_path(path: Iterable[int | str]) -> str:
    """Return ``features.rsi.windows[0]`` for ``("features", "rsi", "windows", 0)``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")


def not_finite(data: object) -> list[Problem]:
    """Report numbers in JSON-like data that JSON cannot represent: NaN and the infinities, which Python reads and writes."""
    found: list[Problem] = []
    left: list[tuple[tuple[int | str, ...], object]] = [((), data)]
    while left:
        path, value = left.pop()
        if isinstance(value, Mapping):
            left += [((*path, str(name)), inner) for name, inner in value.items()]
        elif isinstance(value, list | tuple):
            left += [((*path, index), inner) for index, inner in enumerate(value)]
        elif isinstance(value, float) and not math.isfinite(value):
            found.append(Problem(json_path(path), value, "allowed: a finite number"))
    return found[::-1]


def _field_problem(root: Schema, details: Any) -> Problem:
    path: Sequence[int | str] = details["loc"]
    where, kind, value = json_path(path) or "template", details["type"], details["input"]
    if kind == "extra_forbidden":
        return _unknown_name(root, path, where)
    if kind == "value_error":
        return Problem(where, value, f"allowed: {str(details['msg']).removeprefix('Value error, ')}")
    schema = _schema_at(root, path)
    allowed = _allowed(schema, root, _field_name(path))
    if kind == "missing":
        return Problem(where, None, f"allowed: {allowed}")
    if kind == "too_short" and not value:
        return Problem(where, UNSTATED, f"is empty; allowed: {allowed}")
    if kind in ("too_short", "too_long") and isinstance(value, list | tuple):
        entries = f"{len(value)} entr{'y' if len(value) == 1 else 'ies'}"
        return Problem(where, UNSTATED, f"has {entries}; allowed: {allowed}")
    hint = _hint(schema, path, value)
    return Problem(where, value, f"allowed: {allowed}{f'; {hint}' if hint else ''}")


def _unknown_name(root: Schema, path: Sequence[int | str], where: str) -> Problem:
    """An unknown name, with the most similar known one."""
    known = sorted(_schema_at(root, path[:-1]).get("properties", {}))
    hint = nearest(str(path[-1]), known)
    what, plural = ("a feature group", "groups") if tuple(path[:-1]) == ("features",) else ("a known name", "names")
    return Problem(where, UNSTATED, f"is not {what}; {hint + ' ' if hint else ''}known {plural}: {', '.join(known)}")


def _schema_at(root: Schema, path: Sequence[int | str]) -> Schema:
    """The schema of the value at a path; empty if the model has no such field."""
    schema = _resolved(root, root)
    for part in path:
        if isinstance(part, int):
            prefix = schema.get("prefixItems", [])
            found = prefix[part] if part < len(prefix) else schema.get("items", {})
        else:
            found = schema.get("properties", {}).get(part, {})
        schema = _resolved(found, root)
    return schema


def _resolved(schema: Schema, root: Schema) -> Schema:
    """A schema without ``$ref`` and without the alternative null."""
    for alternative in schema.get("anyOf", []):
        if alternative.get("type") != "null":
            schema = alternative
    reference = schema.get("$ref", "")
    return root["$defs"][reference.rpartition("/")[2]] if reference else schema


def _field_name(path: Sequence[int | str]) -> str:
    return next((part for part in reversed(path) if isinstance(part, str)), "")


def _allowed(schema: Schema, root: Schema, field: str) -> str:
    """What a schema allows, in words."""
    if "enum" in schema:
        return f"one of {listed([str(choice) for choice in schema['enum']], _NAMED_CHOICES)}"
    kind = schema.get("type")
    if kind in ("integer", "number"):
        return ("a whole number" if kind == "integer" else "a number") + _bounds(schema)
    if kind == "array":
        return _allowed_list(schema, root, field)
    if kind == "string":
        most = f" of at most {schema['maxLength']} characters" if "maxLength" in schema else ""
        return _TEXTS.get(field, f"a text{most}")
    return {"boolean": "true or false", "object": "an object"}.get(str(kind), "a JSON value")


def _allowed_list(schema: Schema, root: Schema, field: str) -> str:
    prefix = schema.get("prefixItems")
    if prefix:
        entries = "; ".join(_allowed(_resolved(entry, root), root, field) for entry in prefix)
        return f"a list of {len(prefix)} entries: {entries}"
    least, most = schema.get("minItems", 0), schema.get("maxItems")
    count = f"{least} to {most} entries" if most else f"at least {least} entries" if least else "entries"
    return f"a list of {count}, each {_allowed(_resolved(schema.get('items', {}), root), root, field)}"


def _bounds(schema: Schema) -> str:
    """Both bounds of a number, as far as there are any."""
    if "minimum" in schema and "maximum" in schema:
        return f" from {schema['minimum']} to {schema['maximum']}"
    words = {"minimum": "at least", "exclusiveMinimum": "above", "maximum": "at most", "exclusiveMaximum": "below"}
    found = [f"{text} {schema[name]}" for name, text in words.items() if name in schema]
    return f" {' and '.join(found)}" if found else ""


def _hint(schema: Schema, path: Sequence[int | str], value: object) -> str:
    """The value that was probably meant; empty if none is similar."""
    field = _field_name(path)
    if field in _DATES and isinstance(value, int | float) and not isinstance(value, bool):
        meant = _date_from(value)
        return f"did you mean '{meant}'?" if meant else ""
    if field == "frequency" and isinstance(value, str):
        return _frequency_hint(value, str(schema.get("pattern", "")))
    return nearest(str(value), [str(choice) for choice in schema["enum"]]) if "enum" in schema else ""


def _date_from(number: float) -> str:
    """The date that a number such as 20101231, 2010 or 1293753600 (epoch seconds) means."""
    text = f"{number:.0f}"
    try:
        if re.fullmatch("(19|20)[0-9]{6}", text):
            return datetime.strptime(text, "%Y%m%d").date().isoformat()
        if re.fullmatch("(19|20)[0-9]{2}", text):
            return f"{text}-01-01"
        return datetime.fromtimestamp(number, UTC).date().isoformat() if len(text) in (9, 10) else ""
    except (OverflowError, OSError, ValueError):
        return ""


def _frequency_hint(text: str, pattern: str) -> str:
    """Users first try pandas' B for business days, or the wrong case. A single m is ambiguous: minutes or months."""
    business = re.fullmatch(r"([0-9]*)B", text, re.IGNORECASE)
    if business:
        return f"for business days use '{business[1] or 1}D': a day without trading is a step without a price"
    others = [other for other in (text.upper(), text.lower()) if re.fullmatch(pattern, other)]
    return f"did you mean {others[0]!r}?" if others and not text.endswith("m") else ""
