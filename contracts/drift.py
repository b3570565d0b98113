"""A template's drift rule: how many scored forecasts count, and the skill that they must have together.

Without pydantic, because a function reads the rule from stored templates; :mod:`contracts.template` validates it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class DriftRule:
    """``minimum_skill`` is a fraction: -0.1 accepts a loss that exceeds the best baseline's by 10 %."""

    forecasts: int = 10
    minimum_skill: float = -0.1
    retrain: bool = False


def drift_rule(template: Mapping[str, Any]) -> DriftRule | None:
    """Return the rule of a stored template; None if the template has none."""
    stored = template.get("drift")
    if stored is None:
        return None
    return DriftRule(int(stored["forecasts"]), float(stored["minimumSkill"]), bool(stored["retrain"]))
