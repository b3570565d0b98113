"""Imports of libraries without what they only look for.

TA-Lib and XGBoost import pandas and scikit-learn wherever those are installed, to accept or offer their types: 0.3 and 2
seconds for nothing that is used here. XGBoost also offers plots, which bring scipy.special.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from importlib import import_module
from typing import Any


def import_without(name: str, unwanted: Iterable[str]) -> Any:
    """The module, imported while the unwanted ones are not to be found; what is imported already stays as it is."""
    if name in sys.modules:
        return sys.modules[name]
    hidden = [module for module in unwanted if module not in sys.modules]
    for module in hidden:
        sys.modules[module] = None  # type: ignore[assignment]  # Python's own way to say: not to be found
    try:
        return import_module(name)
    finally:
        for module in hidden:
            del sys.modules[module]
