"""The stack that a Lambda function belongs to, read from its environment. All missing variables are reported at once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import fields
from functools import cache

from contracts.environment import handler_variable
from contracts.outputs import StackOutputs, exported_name
from contracts.problems import Problem, ProblemsError
from runs.stack import Stack


@cache
def stack() -> Stack:
    """Return the stack; one per process, so a warm function keeps its clients."""
    return Stack(outputs_from(os.environ))


def outputs_from(environment: Mapping[str, str]) -> StackOutputs:
    """Return the exports in the function's environment; exports that no handler needs are empty."""
    region = environment.get("AWS_REGION", "")
    if not region:
        raise ProblemsError("function environment", [Problem("AWS_REGION", None, "Lambda sets it")])
    values = {exported_name(field.name): environment.get(handler_variable(field.name), "") for field in fields(StackOutputs)}
    return StackOutputs.from_mapping(values | {"region": region}, "function environment")
