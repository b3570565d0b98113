"""The coming forecast, ``forecast/forecast.json`` of an execution of the forecast pipeline, as the report uses it."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from runs.report.stored import is_level, is_number, is_time


@dataclass(frozen=True)
class ComingForecast:
    """The forecast of one asset from its last price on: ``quantiles`` by level, each as long as ``times``."""

    asset: str
    quantity: str
    unit: str
    times: list[str]
    means: list[float | None]
    quantiles: dict[str, list[float]]
    history_times: list[str]
    history_prices: list[float]
    facts: dict[str, str]  # what made it: the file's field -> its text

    @property
    def last_price(self) -> float | None:
        """The last known price; None if the file has no history."""
        return self.history_prices[-1] if self.history_prices else None

    def csv_text(self) -> str:
        """Return the forecast as CSV: time, mean, and a column for each quantile."""
        written = io.StringIO()
        rows = csv.writer(written, lineterminator="\n")
        rows.writerow(["time", "mean", *self.quantiles])
        for place, (time, mean) in enumerate(zip(self.times, self.means, strict=True)):
            rows.writerow([time, "" if mean is None else mean, *(values[place] for values in self.quantiles.values())])
        return written.getvalue()


_FACTS = ("execution_id", "template", "cutoff", "trained_until", "model_package", "frequency")


def is_coming_forecast(value: object) -> bool:
    """True if the file holds at least one usable row; see :func:`coming_forecast`."""
    return isinstance(value, Mapping) and coming_forecast(value) is not None


def coming_forecast(value: Mapping[str, Any]) -> ComingForecast | None:
    """Return the forecast of the file's asset. Rows that cannot be used are left out; None if no row is left.

    All rows must have the levels of the first usable one, because a fan needs each level at each step.
    """
    stored = value.get("rows")
    usable = [row for row in stored if _is_row(row)] if isinstance(stored, list) else []
    asset = value.get("asset")
    asset = asset if isinstance(asset, str) else str(usable[0].get("asset", "")) if usable else ""
    own = [row for row in usable if row.get("asset", asset) == asset]
    levels = sorted(own[0]["quantiles"], key=float) if own else []
    rows = [row for row in own if set(row["quantiles"]) == set(levels)]
    if not rows:
        return None
    times, prices = _history(value.get("history"))
    return ComingForecast(
        asset=asset,
        quantity=_text(value.get("quantity"), "price"),
        unit=_text(value.get("unit"), ""),
        times=[row["time"] for row in rows],
        means=[row["mean"] if is_number(row.get("mean")) else None for row in rows],
        quantiles={level: [row["quantiles"][level] for row in rows] for level in levels},
        history_times=times,
        history_prices=prices,
        facts={name: value[name] for name in _FACTS if isinstance(value.get(name), str)},
    )


def _is_row(row: object) -> bool:
    if not isinstance(row, Mapping) or not is_time(row.get("time")):
        return False
    quantiles = row.get("quantiles")
    if not isinstance(quantiles, Mapping) or not quantiles:
        return False
    return all(map(is_level, quantiles)) and all(map(is_number, quantiles.values()))


def _history(history: object) -> tuple[list[str], list[float]]:
    """The known prices; steps without one are left out."""
    if not isinstance(history, Mapping):
        return [], []
    times, prices = history.get("timestamps"), history.get("price")
    if not isinstance(times, list) or not isinstance(prices, list) or len(times) != len(prices):
        return [], []
    known = [(time, price) for time, price in zip(times, prices, strict=True) if is_time(time) and is_number(price)]
    return [time for time, _ in known], [price for _, price in known]


def _text(value: object, default: str) -> str:
    return value if isinstance(value, str) and value else default
