"""``endTraining: latest``: whatever days the assets trade on, the feature step has all windows after the chosen date."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.ranges import latest_end_training
from contracts.template import TrainingTemplate, parse_template, to_data
from fe_image.data.grid import Grid, make_grid
from fe_image.data.panel import common_panel
from fe_image.data.prices import PriceHistory
from tests.examples import examples

DAY = np.timedelta64(1, "D")


def grid_of(histories: dict[str, PriceHistory], frequency: str, length: int) -> Grid:
    made: TrainingTemplate = parse_template(
        {
            "baseAssets": list(histories),
            "predictedAsset": next(iter(histories)),
            "startDataset": "2020-01-01",
            "endTraining": "latest",
            "frequency": frequency,
            "predictionLength": length,
            "contextLength": 5,
            "calibrationWindows": 1,
            "testWindows": 2,
            "features": {"calendar": {}},
        }
    )
    lasts = [history.times[-1].astype(datetime) for history in histories.values()]
    dated = made.model_copy(update={"end_training": latest_end_training(to_data(made), lasts)})
    return make_grid(common_panel(histories, dated), dated, "")


def history(name: str, times: np.ndarray) -> PriceHistory:
    return PriceHistory(name, times.astype("datetime64[s]"), np.ones(times.size))


@examples(200)
@given(
    st.integers(150, 400),
    st.integers(0, 3),
    st.sets(st.integers(0, 20), max_size=4),
    st.sets(st.integers(0, 20), max_size=4),
    st.integers(1, 20),
)
def test_with_different_holidays_and_ends(days: int, later: int, closed: set[int], shut: set[int], length: int) -> None:
    """A trades on weekdays and B every day; both have holidays among their last days, and B ends up to three days later."""
    every = np.datetime64("2020-01-01") + np.arange(days) * DAY
    weekdays = every[np.is_busday(every)]
    first = np.delete(weekdays, [len(weekdays) - 1 - back for back in closed if back < 4])
    second = np.concatenate(
        [np.delete(every, [days - 1 - back for back in shut if back < 4]), every[-1] + DAY * np.arange(1, later + 1)]
    )
    grid = grid_of({"A": history("A", first), "B": history("B", second)}, "1D", length)
    assert (grid.calibration_windows, grid.test_windows) == (1, 2)


@pytest.mark.parametrize("frequency", ["2D", "3D", "30min", "7min", "4H"])
@pytest.mark.parametrize("extra", range(0, 5))
def test_with_steps_of_several_units_and_a_live_last_row(frequency: str, extra: int) -> None:
    step = {"2D": 2880, "3D": 4320, "30min": 30, "7min": 7, "4H": 240}[frequency]
    regular = np.datetime64("2020-01-01T00:00") + np.arange(300) * np.timedelta64(step, "m")
    live = regular[-1] + np.timedelta64(extra * step // 5, "m")
    grid = grid_of({"A": history("A", np.append(regular[:-1], live))}, frequency, 4)
    assert (grid.calibration_windows, grid.test_windows) == (1, 2)
