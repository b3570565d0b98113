"""Timestamps, features and lags, against pandas where it knows them."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from local_run.deepar.frequency import Frequency


@pytest.mark.parametrize(
    ("text", "pandas_name"),
    [("D", "D"), ("2D", "2D"), ("H", "h"), ("30min", "30min"), ("min", "min"), ("M", "MS"), ("3M", "3MS"), ("W", "7D")],
)
def test_timestamps_are_pandas(text: str, pandas_name: str) -> None:
    start = datetime(2000, 2, 1, 0, 0)
    expected = pd.date_range(start, periods=900, freq=pandas_name).to_numpy()
    assert (Frequency.parse(text).timestamps(start, 900) == expected).all()


def test_time_features_are_the_documented_ones() -> None:
    start = datetime(2011, 12, 30, 22, 45)
    stamps = pd.date_range(start, periods=500, freq="min")
    exact = [
        stamps.minute / 59 - 0.5,
        stamps.hour / 23 - 0.5,
        stamps.day_of_week / 6 - 0.5,
        (stamps.day - 1) / 30 - 0.5,
        (stamps.day_of_year - 1) / 365 - 0.5,
    ]
    np.testing.assert_allclose(Frequency.parse("min").time_features(start, 500), np.stack(exact, axis=1), atol=1e-6)
    months = Frequency.parse("M").time_features(datetime(2011, 11, 5), 4)
    np.testing.assert_allclose(months[:, 0] * 11 + 5.5, [10, 11, 0, 1], atol=1e-5)


@pytest.mark.parametrize(
    ("text", "lags"),
    [("D", (1, 7, 14, 21, 28, 364)), ("7D", (1, 2, 3, 4, 52)), ("30min", (1, 2, 4, 48, 96, 336)), ("12M", (1, 2, 3))],
)
def test_lags_follow_the_frequency(text: str, lags: tuple[int, ...]) -> None:
    assert Frequency.parse(text).lags == lags


@pytest.mark.parametrize("text", ["", "B", "d", "1.5D", "-1D", "Dx"])
def test_other_frequencies_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a frequency"):
        Frequency.parse(text)
