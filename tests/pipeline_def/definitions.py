"""The good definition, and access to its parts."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from pipeline_def.template.keys import EXAMPLE_REGION, example_values
from pipeline_def.template.render import render
from pipeline_def.template.text import read_template

REGION = EXAMPLE_REGION


@cache
def good_text(sections: bool = False) -> str:
    return render(read_template(), example_values(sections=sections))


def good(sections: bool = True) -> dict[str, Any]:
    """A fresh copy to change, by default with VPC, KMS and spot set."""
    return json.loads(good_text(sections))


def step(definition: dict[str, Any], name: str) -> dict[str, Any]:
    """A step, also inside a branch."""
    pending = list(definition["Steps"])
    while pending:
        item = pending.pop()
        if item["Name"] == name:
            return item
        pending += item["Arguments"].get("IfSteps", []) + item["Arguments"].get("ElseSteps", [])
    raise KeyError(name)


def arguments(definition: dict[str, Any], name: str) -> dict[str, Any]:
    return step(definition, name)["Arguments"]


def parameter(definition: dict[str, Any], name: str) -> dict[str, Any]:
    return next(item for item in definition["Parameters"] if item["Name"] == name)


def output(definition: dict[str, Any], name: str) -> dict[str, Any]:
    outputs = arguments(definition, "FeatureEngineering")["ProcessingOutputConfig"]["Outputs"]
    return next(item for item in outputs if item["OutputName"] == name)


def get(target: str) -> dict[str, str]:
    return {"Get": target}


def join(*values: Any, on: str = "/") -> dict[str, Any]:
    return {"Std:Join": {"On": on, "Values": list(values)}}
