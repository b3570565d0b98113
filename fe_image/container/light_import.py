"""Imports libraries without their optional dependencies.

TA-Lib and XGBoost import pandas and scikit-learn if they are installed, only to support their types. That takes 0.3 and 2
seconds. XGBoost also imports scipy.special for its plots.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from importlib import import_module
from typing import Any


def import_without(name: str, unwanted: Iterable[str]) -> Any:
    """Import a module while the ``unwanted`` modules are hidden. Modules that are already imported are not affected."""
    if name in sys.modules:
        return sys.modules[name]
    hidden = [module for module in unwanted if module not in sys.modules]
    for module in hidden:
        sys.modules[module] = None  # type: ignore[assignment]  # Python then raises ModuleNotFoundError
    try:
        return import_module(name)
    finally:
        for module in hidden:
            del sys.modules[module]
