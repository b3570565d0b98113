"""Checks the parameters of a start like SageMaker: names, types, enum values, and missing parameters."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from contracts.problems import nearest
from local_run.emulator.pipelines.errors import validation
from local_run.emulator.pipelines.language.definition import Definition, Parameter


def apply_parameters(definition: Definition, given: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """Return the typed values of all declared parameters. One ValidationException contains all problems."""
    values: dict[str, Any] = {}
    problems: list[str] = []
    for item in given:
        _take(definition, item["Name"], item["Value"], values, problems)
    for parameter in definition.parameters.values():
        if parameter.name not in values and parameter.name not in {item["Name"] for item in given}:
            if parameter.default is None:
                problems.append(f"Parameter [{parameter.name}] is undefined: it has no default value and was not given")
            else:
                values[parameter.name] = parameter.default
    if problems:
        raise validation("; ".join(problems))
    return values


def _take(definition: Definition, name: str, text: str, values: dict[str, Any], problems: list[str]) -> None:
    parameter = definition.parameters.get(name)
    if parameter is None:
        hint = nearest(name, definition.parameters)
        problems.append(f"Unknown parameter [{name}]" + (f"; {hint}" if hint else ""))
    elif name in values:
        problems.append(f"Parameter [{name}] is given more than once")
    elif text == "" and parameter.kind == "String":
        problems.append(f'Parameter [{name}]: string "" is too short (length: 0, required minimum: 1)')
    else:
        value = typed(parameter, text)
        if value is None:
            problems.append(f"Parameter [{name}]: {text!r} is not of type {parameter.kind}")
        elif parameter.allowed and value not in parameter.allowed:
            allowed = ", ".join(str(item) for item in parameter.allowed)
            problems.append(f"Parameter [{name}]: {text!r} is not among its values [{allowed}]")
        else:
            values[name] = value


def typed(parameter: Parameter, text: str) -> Any:
    """Return the text as a value of the parameter's type; None if it is not one."""
    if parameter.kind == "Integer":
        return int(text) if re.fullmatch(r"[-+]?[0-9]{1,18}", text) else None
    if parameter.kind == "Boolean":
        return {"true": True, "false": False}.get(text.lower())
    if parameter.kind == "Float":
        try:
            number = float(text)
        except ValueError:
            return None
        return number if math.isfinite(number) else None
    return text
