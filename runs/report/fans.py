"""Fans: bands of quantiles that open at the last price known before a forecast."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from contracts.forecasts import ForecastReport, WindowForecast
from runs.report.coming import ComingForecast

Bands = Mapping[str, list[float]]
#: Central bands that are drawn if the forecast has their quantiles, the widest first.
_SHARES = (0.95, 0.8, 0.5)
_CLOSE = 1e-9


@dataclass(frozen=True)
class Fan:
    """A forecast's times and bands. At ``origin``, the time of the last price known before it, all bands have no width.

    ``origin`` is None if no earlier price is known; the bands then start with the forecast.
    """

    origin: str | None
    timestamps: list[str]
    quantiles: Bands
    baseline: Bands


def fans(report: ForecastReport) -> list[Fan]:
    """Return the fan of each test window. Windows are consecutive, so the prices of earlier windows are known to later ones."""
    known = _last_traded(report["history"]["timestamps"], report["history"]["price"])
    for window in report["calibration_windows"]:
        known = _last_traded(window["timestamps"], window["actual"]) or known
    found = []
    for window in report["windows"]:
        found.append(_window_fan(window, known))
        known = _last_traded(window["timestamps"], window["actual"]) or known
    return found


def coming_fan(coming: ComingForecast) -> Fan:
    """Return the fan of the coming forecast."""
    known = _last_traded(coming.history_times, coming.history_prices)
    return _fan(known, coming.times, coming.quantiles, {})


def central_bands(quantiles: Mapping[str, Sequence[float]]) -> list[tuple[float, str, str]]:
    """Return share, lower and upper level of the central bands to draw, the widest first.

    These are the 95, 80 and 50 % bands that the quantiles have, or their widest pair if they have none of these.
    """
    levels = sorted(quantiles, key=float)
    pairs = [(float(high) - float(low), low, high) for low, high in zip(levels, reversed(levels), strict=True)]
    symmetric = [pair for pair in pairs if pair[0] > _CLOSE and abs(float(pair[1]) + float(pair[2]) - 1) < _CLOSE]
    standard = [pair for pair in symmetric if any(abs(pair[0] - share) < _CLOSE for share in _SHARES)]
    return standard or symmetric[:1]


def outer_band(quantiles: Mapping[str, Sequence[float]]) -> tuple[float, str, str] | None:
    """Return the 80 % band, or the widest band if there is none of 80 %."""
    bands = central_bands(quantiles)
    return next((band for band in bands if abs(band[0] - 0.8) < _CLOSE), bands[0] if bands else None)


def middle_level(quantiles: Mapping[str, Sequence[float]]) -> str:
    """Return the level closest to the median."""
    return min(quantiles, key=lambda level: abs(float(level) - 0.5))


def _last_traded(times: Sequence[Any], prices: Sequence[Any]) -> tuple[str, float] | None:
    seen = [(time, price) for time, price in zip(times, prices, strict=True) if price is not None]
    return seen[-1] if seen else None


def _window_fan(window: WindowForecast, known: tuple[str, float] | None) -> Fan:
    return _fan(known, window["timestamps"], window["band_quantiles"], window["naive_quantiles"])


def _fan(known: tuple[str, float] | None, times: list[str], quantiles: Bands, baseline: Bands) -> Fan:
    if known is None:
        return Fan(None, times, quantiles, baseline)
    time, price = known
    return Fan(time, [time, *times], _from(price, quantiles), _from(price, baseline))


def _from(price: float, bands: Bands) -> Bands:
    return {level: [price, *values] for level, values in bands.items()}
