"""From histories to common rows: assets with different timestamps, and the messages for assets that do not fit together."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.problems import ProblemsError
from contracts.template import TrainingTemplate, parse_template
from fe_image.data import overlap
from fe_image.data.panel import common_panel
from fe_image.data.prices import PriceHistory
from fe_image.engineer import EngineeredData, engineer
from fe_image.outputs import output_files
from tests.examples import examples
from tests.fe_image.support import weekdays

MONDAYS = np.arange("1990-01-01", "2000-01-01", 7, dtype="datetime64[D]")
MONTHS = np.arange("1980-01", "2000-01", dtype="datetime64[M]")
DAYS = np.arange("1990-01-01", "1991-06-01", dtype="datetime64[D]").astype("datetime64[h]")

#: Frequency, stamps of the assets A and B, and a training end between the two stamps of one step.
STAMPS: dict[str, tuple[str, np.ndarray, np.ndarray, str]] = {
    "weeks by Monday and by Friday": ("1W", MONDAYS, MONDAYS + 4, "1997-01-08"),
    "months by first and by last day": ("1M", MONTHS.astype("M8[D]"), (MONTHS + 1).astype("M8[D]") - 1, "1995-06-15"),
    "days by 9 and by 17 h": ("1D", DAYS + 9, DAYS + 17, "1991-03-15 12:00"),
}

QUARTERS = np.arange("1980-01", "2020-01", 3, dtype="datetime64[M]")
HALF_HOURS = np.arange("2019-01-07T09:00", "2019-01-10T09:00", 30, dtype="datetime64[m]")
FOUR_HOURS = np.arange("2019-01-07T00", "2019-02-07T00", 4, dtype="datetime64[h]")
#: Of steps of more than one unit.
MULTIPLES: dict[str, tuple[str, np.ndarray, np.ndarray, str]] = {
    "7 days by Monday and by Friday": ("7D", MONDAYS, MONDAYS + 4, "1997-01-08"),
    "7 days by Wednesday and by Thursday": ("7D", MONDAYS + 2, MONDAYS + 3, "1997-01-08"),
    "quarters by first and by second month": ("3M", QUARTERS.astype("M8[D]"), (QUARTERS + 1).astype("M8[D]"), "2015-01-15"),
    "half hours by first and by last minute": ("30min", HALF_HOURS, HALF_HOURS + 29, "2019-01-09 12:15"),
    "four hours by first and by last hour": ("4H", FOUR_HOURS, FOUR_HOURS + 3, "2019-02-01 14:00"),
}


def history(asset: str, times: np.ndarray, seed: int, scale: float = 1.0) -> PriceHistory:
    random = np.random.default_rng(seed)
    close = 100 * scale * np.exp(np.cumsum(random.normal(0, 0.02, times.size)))
    return PriceHistory(asset, times.astype("datetime64[s]"), close)


def template(assets: list[str], **changes: Any) -> TrainingTemplate:
    data: dict[str, Any] = {
        "baseAssets": assets,
        "predictedAsset": assets[-1],
        "startDataset": "1980-01-01",
        "predictionLength": 2,
        "contextLength": 5,
        "testWindows": 2,
        "importance": {},
        "features": {"returns": {}, "sma": {"windows": [5]}, "pca": {}, "arima": {"order": [1, 1, 0]}},
    }
    return parse_template(data | changes)


def stamped_after(history: PriceHistory, made: TrainingTemplate) -> PriceHistory:
    """Multiply every price after the training end by 1.5."""
    later = history.times > np.datetime64(made.training_end, "s")
    return PriceHistory(history.asset, history.times, np.where(later, history.close * 1.5, history.close))


def of_the_past(data: EngineeredData) -> dict[str, object]:
    """Return the outputs that may depend only on the training range."""
    files = {name: b"".join(pieces) for name, pieces in output_files(data)}
    rows = data.grid.train_rows + 1
    return {
        "train": files["train/train.json"],
        "scales": files["evaluation/scales.json"],
        "importance": json.loads(files["evaluation/importance.json"])["scores"],
        "features": files["features/features.csv"].splitlines()[:rows],
    }


@pytest.mark.parametrize(("frequency", "first", "second", "end"), (STAMPS | MULTIPLES).values(), ids=STAMPS | MULTIPLES)
@pytest.mark.parametrize("order", ["AB", "BA"])
@given(seed=st.integers(0, 1000))
@examples(2)
def test_a_price_stamped_after_the_training_end_changes_nothing_before_it(
    frequency: str, first: np.ndarray, second: np.ndarray, end: str, order: str, seed: int
):
    """Where assets are stamped differently inside one step, and the training ends between their stamps."""
    histories = {"A": history("A", first, seed), "B": history("B", second, seed + 1)}
    made = template(list(order), frequency=frequency, endTraining=end)
    changed = {asset: stamped_after(prices, made) for asset, prices in histories.items()}
    before, after = of_the_past(engineer(histories, made)), of_the_past(engineer(changed, made))
    for name, content in before.items():
        assert content == after[name], name


@pytest.mark.parametrize(("frequency", "first", "second", "end"), STAMPS.values(), ids=STAMPS)
def test_a_rows_time_is_when_the_last_of_its_prices_was_known(frequency: str, first: np.ndarray, second: np.ndarray, end: str):
    histories = {"A": history("A", second, 1), "B": history("B", first, 2)}
    panel = common_panel(histories, template(["A", "B"], frequency=frequency, endTraining=end))
    np.testing.assert_array_equal(panel.times, second.astype("datetime64[s]"))


@pytest.mark.parametrize("later", ["AB", "A", "B"])
@pytest.mark.parametrize(("frequency", "first", "second", "end"), MULTIPLES.values(), ids=MULTIPLES)
def test_prices_of_several_units_are_matched_by_nearness(
    frequency: str, first: np.ndarray, second: np.ndarray, end: str, later: str
):
    """A step of seven days begins with no weekday of its own: it is laid so that a row's prices lie close together.

    The result does not depend on which asset starts first.
    """
    begin = {"AB": (0, 0), "A": (3, 0), "B": (0, 3)}[later]
    stamps = {"A": first[begin[0] :].astype("M8[s]"), "B": second[begin[1] :].astype("M8[s]")}
    histories = {asset: PriceHistory(asset, times, 1.0 + np.arange(times.size)) for asset, times in stamps.items()}
    panel = common_panel(histories, template(["A", "B"], frequency=frequency, endTraining=end))
    times = [stamps[asset][panel.close[index].astype(int) - 1] for index, asset in enumerate("AB")]
    np.testing.assert_array_equal(np.maximum(*times), panel.times)
    distance = np.abs(stamps["A"][:, None] - stamps["B"][None]).min(axis=1)
    assert np.abs(times[0] - times[1]).max() <= distance[3:-3].max()
    assert panel.rows >= min(times.size for times in stamps.values()) - 1


@pytest.mark.parametrize(("frequency", "first", "second", "end"), MULTIPLES.values(), ids=MULTIPLES)
def test_a_cell_of_several_units_holds_the_row_of_its_step(frequency: str, first: np.ndarray, second: np.ndarray, end: str):
    histories = {"A": history("A", first, 1), "B": history("B", second, 2)}
    data = engineer(histories, template(["A", "B"], frequency=frequency, endTraining=end))
    assert np.isfinite(data.price[0]).all()
    assert (data.grid.times <= data.panel.times[: data.grid.cells]).all()


WEEKDAYS = weekdays(520)
ASSETS = ["A", "B", "C"]


def with_b(times: np.ndarray) -> dict[str, PriceHistory]:
    return {asset: history(asset, times if asset == "B" else WEEKDAYS, seed) for seed, asset in enumerate(ASSETS)}


WRONG_TIMES: dict[str, tuple[np.ndarray, datetime | None, str]] = {
    "ends early": (
        WEEKDAYS[:300],
        None,
        "which end 2002-02-22 (last to begin: A, B, C (2001-01-01), first to end: B (2002-02-22), "
        "fewest rows: B (300)), have 0 steps of 1D after endTraining",
    ),
    "ends a window early": (WEEKDAYS[:-7], None, "first to end: B (2002-12-18)"),
    "starts after the training": (WEEKDAYS[-50:], None, "0 of them up to endTraining"),
    "starts last": (WEEKDAYS[-50:], None, "rows; last to begin: B (2002-10-21), first to end: A, B, C ("),
    "is coarser": (WEEKDAYS[::5], None, "which look like 1W (by asset: B 1W; A, C 1D)"),
    "is hidden": (
        WEEKDAYS[200:],
        datetime(2001, 3, 1),
        "B: 2001-10-08 to 2002-12-27 (320 rows, 0 of them used)",
    ),
    "is hidden, and why": (WEEKDAYS[200:], datetime(2001, 3, 1), "; rows later than 2001-03-01 00:00:00 are hidden"),
}


@pytest.mark.parametrize(("times", "until", "expected"), WRONG_TIMES.values(), ids=WRONG_TIMES)
def test_the_asset_that_does_not_fit_is_named(times: np.ndarray, until: datetime | None, expected: str):
    made = template(ASSETS, endTraining="2002-09-30", testWindows=43)
    with pytest.raises(ProblemsError) as caught:
        engineer(with_b(times), made, until)
    assert expected in str(caught.value)
    assert "at most 0" not in str(caught.value)


def test_common_rows_that_omit_many_rows_are_logged(caplog: pytest.LogCaptureFixture):
    made = template(ASSETS, endTraining="2002-09-30")
    engineer(with_b(WEEKDAYS[300:]), made)
    (note,) = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert note.startswith(
        "300 of the 456 training rows of A are not used, because other assets do not have them (2 of 3 assets lose"
    )
    assert "last to begin: B (2002-02-25)" in note


def test_common_rows_that_leave_out_little_or_rows_past_the_test_windows_are_not(caplog: pytest.LogCaptureFixture):
    made = template(ASSETS, endTraining="2002-03-01")
    engineer(with_b(WEEKDAYS[20:330]), made)
    assert "left out" not in caplog.text


def test_of_many_assets_those_that_limit_are_named():
    many = {f"A{number}": history(f"A{number}", WEEKDAYS[:100], number) for number in range(30)}
    many["late"] = history("late", WEEKDAYS[200:], 1)
    with pytest.raises(ProblemsError) as caught:
        common_panel(many, template(list(many), endTraining="2002-09-30"))
    text = str(caught.value)
    assert "last to begin: late (2001-10-08), first to end: A0, A1, " in text
    assert "; and 21 more" in text and "A9 and 20 more (2001-05-18)" in text
    assert "A10:" not in text


def test_where_all_look_alike_no_asset_is_blamed():
    assert overlap.frequencies(list(with_b(WEEKDAYS).values())) == ""
