"""Each window's bands, starting at the last price known before it, as both charts draw them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from contracts.forecasts import ForecastReport, WindowForecast

Bands = Mapping[str, list[float]]


@dataclass(frozen=True)
class Fan:
    """A window's times and bands. At ``origin``, the time of the last price known before the window, all bands have no width.

    ``origin`` is None if no earlier price is known; the bands then start with the window.
    """

    origin: str | None
    timestamps: list[str]
    quantiles: Bands
    naive_quantiles: Bands


def fans(report: ForecastReport) -> list[Fan]:
    """Return the fan of each window. Windows are consecutive, so the prices of earlier windows are known to later ones."""
    known = _last_traded(report["history"]["timestamps"], report["history"]["price"])
    found = []
    for window in report["windows"]:
        found.append(_fan(window, known))
        known = _last_traded(window["timestamps"], window["actual"]) or known
    return found


def _last_traded(times: Sequence[Any], prices: Sequence[Any]) -> tuple[str, float] | None:
    seen = [(time, price) for time, price in zip(times, prices, strict=True) if price is not None]
    return seen[-1] if seen else None


def _fan(window: WindowForecast, known: tuple[str, float] | None) -> Fan:
    if known is None:
        return Fan(None, window["timestamps"], window["quantiles"], window["naive_quantiles"])
    time, price = known
    times = [time, *window["timestamps"]]
    return Fan(time, times, _from(price, window["quantiles"]), _from(price, window["naive_quantiles"]))


def _from(price: float, bands: Bands) -> Bands:
    return {level: [price, *values] for level, values in bands.items()}
