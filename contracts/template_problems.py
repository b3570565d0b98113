"""Turns what pydantic finds wrong with a template into problems a user can mend: JSON path, value, what is allowed."""

from __future__ import annotations

import math
import re
import types
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from contracts.ids import ASSET_ALLOWED
from contracts.problems import Problem, nearest

_MOMENT = "an ISO 8601 date without a time zone, such as 2010-12-31 or 2010-12-31 16:00:00"
_PATTERN_MEANINGS: dict[int | str, str] = {
    "frequency": "M, W, D, H or min, optionally with a multiple, such as 1D or 30min",
    "startDataset": _MOMENT,
    "endTraining": _MOMENT,
    "predictedAsset": ASSET_ALLOWED,
}


def field_problems(model: type[BaseModel], error: ValidationError) -> list[Problem]:
    """Every entry of a ``ValidationError`` as a problem; a list is not called too short for the wrong items in it."""
    entries = error.errors(include_url=False)
    wrong_lists = {entry["loc"][:-1] for entry in entries if entry["loc"] and isinstance(entry["loc"][-1], int)}
    counted = [entry for entry in entries if not (entry["type"] == "too_short" and entry["loc"] in wrong_lists)]
    return [_field_problem(model, entry) for entry in counted]


def _field_problem(model: type[BaseModel], details: Any) -> Problem:
    """One problem; an unknown name gets the nearest valid one suggested."""
    path: Sequence[int | str] = details["loc"]
    where = json_path(path) or "template"
    kind, message = details["type"], str(details["msg"])
    if kind == "missing":
        return Problem(where, None, "it has no default")
    if kind == "extra_forbidden":
        known = sorted(_names_at(model, path[:-1]))
        hint = nearest(str(path[-1]), known)
        return Problem(where, path[-1], f"unknown name; {hint + ' ' if hint else ''}known: {', '.join(known)}")
    if kind == "string_pattern_mismatch":
        hint = _frequency_hint(str(details["input"]), str(details["ctx"]["pattern"])) if path[-1] == "frequency" else ""
        return Problem(where, details["input"], f"allowed: {_PATTERN_MEANINGS.get(path[-1], ASSET_ALLOWED)}{hint}")
    allowed = message.removeprefix("Value error, ").removeprefix("Input should be ")
    if kind == "literal_error":
        hint = nearest(str(details["input"]), _quoted(str(details["ctx"]["expected"])))
        allowed += f"; {hint}" if hint else ""
    return Problem(where, details["input"], f"allowed: {allowed}")


def json_path(path: Iterable[int | str]) -> str:
    """``("features", "rsi", "windows", 0)`` → ``features.rsi.windows[0]``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")


def not_finite(data: object) -> list[Problem]:
    """The numbers in JSON-like data that JSON has no text for: NaN and the infinities, which Python reads and writes."""
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


def _frequency_hint(text: str, pattern: str) -> str:
    """Pandas' B, business days, is what people try first."""
    business = re.fullmatch(r"([0-9]*)B", text, re.IGNORECASE)
    if business:
        return f"; for business days use '{business[1] or 1}D': a day without trading is a step without a price"
    return _recased(text, pattern)


def _recased(text: str, pattern: str) -> str:
    """A hint where only the case of the letters is wrong; a lone m may mean minutes as well as months."""
    others = [other for other in (text.upper(), text.lower()) if re.fullmatch(pattern, other)]
    return f"; did you mean {others[0]!r}?" if others and not text.endswith("m") else ""


def _quoted(expected: str) -> list[str]:
    return expected.split("'")[1::2]


def _names_at(model: type[BaseModel], path: Sequence[int | str]) -> set[str]:
    """JSON names that the model at a path knows."""
    for part in path:
        field = next((field for field in model.model_fields.values() if field.alias == part), None)
        inner = _model_in(field.annotation) if field is not None else None
        if inner is None:
            return set()
        model = inner
    return {field.alias or name for name, field in model.model_fields.items()}


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in (Union, types.UnionType):
        return next((found for member in get_args(annotation) if (found := _model_in(member))), None)
    return None
