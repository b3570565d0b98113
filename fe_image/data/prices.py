"""Reads a price file into arrays, with the checks of ``contracts.price_checks``, which every stored file passes."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from contracts.frequency import Frequency
from contracts.price_checks import check_prices
from contracts.price_format import PriceFormat
from contracts.prices import read_price_rows
from contracts.problems import Problem
from contracts.template import TrainingTemplate
from fe_image.data.arrays import Floats, Times


@dataclass(frozen=True)
class PriceHistory:
    """One asset's prices, one per step. ``times`` ascend strictly; ``close`` is finite, in the asset's unit."""

    asset: str
    times: Times
    close: Floats


@dataclass
class Reading:
    """The result of reading one file: a history or problems, and notes for the log."""

    history: PriceHistory | None = None
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_history(
    asset: str, source: str, content: bytes, template: TrainingTemplate, price_format: PriceFormat | None = None
) -> Reading:
    """Read a CSV file with the tolerances of ``template``. ``source`` names the file or S3 key in messages."""
    problems, rows = read_price_rows(source, content, price_format)
    if rows is None:
        return Reading(problems=problems)
    problems, checked = check_prices(source, rows, Frequency.parse(template.frequency), template.data)
    if checked is None:
        return Reading(problems=problems)
    history = PriceHistory(
        asset,
        np.array([row.time for row in checked.rows], dtype="datetime64[s]"),
        np.array([row.price for row in checked.rows]),
    )
    if float(history.close.min()) <= 0 and (needs := template.needs_positive_prices):
        lowest = min(rows.rows, key=lambda row: row.price)
        allowed = f"allowed: a price above 0, which the template needs for {needs}; targetTransform level and features without "
        problem = Problem(f"{source} row {lowest.number}", lowest.price, allowed + "returns or ratios take any price")
        return Reading(problems=[problem])
    if float(history.close.min()) < 0 and template.target_transform == "log1p":
        lowest = min(rows.rows, key=lambda row: row.price)
        allowed = "allowed: 0 or above, which targetTransform log1p needs; level takes any value"
        return Reading(problems=[Problem(f"{source} row {lowest.number}", lowest.price, allowed)])
    return Reading(history, [], checked.notes)
