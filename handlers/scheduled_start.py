"""Retraining: start an execution of the template that the retraining schedule names (:mod:`handlers.slots`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from handlers.environment import stack
from handlers.slots import start_from
from runs.begin import start_slot


def handle(event: Mapping[str, Any], context: object = None) -> dict[str, str]:
    """Start the slot's training. Raises if the template or its prices have problems."""
    return start_from(event, stack, start_slot)
