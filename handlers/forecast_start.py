"""Scheduled forecasts: forecast the assets of the template that the forecast schedule names (:mod:`handlers.slots`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from handlers.environment import stack
from handlers.slots import start_from
from runs.forecasting import start_forecast_slot


def handle(event: Mapping[str, Any], context: object = None) -> dict[str, str]:
    """Start the slot's forecast with the newest approved model. Raises if the template has none."""
    return start_from(event, stack, start_forecast_slot)
