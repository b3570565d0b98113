"""The names of a stack, and the policy that an actor has in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from components.iam.statement import Actor
from components.names import Names
from local_run.emulator.server import ACCOUNT_ID
from local_run.session import PROJECT
from settings import parse
from stack_config import read_stack_config


def names_of(stack: str, overrides: Mapping[str, object] | None = None) -> Names:
    config = read_stack_config(PROJECT, stack, overrides)
    return Names.from_settings(parse(config.project, config.stack, config.values), ACCOUNT_ID)


def statements_of(actor: Actor, names: Names) -> list[dict[str, Any]]:
    statements: list[dict[str, Any]] = json.loads(actor.policy(names))["Statement"]
    return statements
