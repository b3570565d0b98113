"""The step as a whole: what its files hold, and that nothing in them looks ahead."""

from __future__ import annotations

import json
from datetime import datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.problems import ProblemsError
from fe_image.data.arrays import Panel
from fe_image.data.frequency import Frequency, iso
from fe_image.engineer import EngineeredData, engineer
from fe_image.outputs import output_files
from tests.examples import examples
from tests.fe_image.support import demo_template, histories, sample_histories, template, walk

TRAIN_ROWS = 300


def files(data: EngineeredData) -> dict[str, bytes]:
    return {name: b"".join(pieces) for name, pieces in output_files(data)}


def lines(content: bytes) -> list[dict]:
    return [json.loads(line) for line in content.splitlines()]


@pytest.fixture(scope="module")
def demo() -> EngineeredData:
    return engineer(sample_histories(), demo_template())


def check_channels(data: EngineeredData) -> None:
    """DeepAR's own rules on the channels."""
    out = files(data)
    train, test = lines(out["train/train.json"]), lines(out["test/test.json"])
    made = data.template
    assert [line["cat"] for line in train] == [[index] for index in range(len(made.base_assets))]
    assert len(test) == made.test_windows
    assert {tuple(line["cat"]) for line in test} == {(made.base_assets.index(made.predicted_asset),)}
    for line in train + test:
        assert datetime.strptime(line["start"], "%Y-%m-%d %H:%M:%S")
        assert len(line["dynamic_feat"]) == len(data.dynamic.names)
        for feature in line["dynamic_feat"]:
            assert len(feature) == len(line["target"])
            assert all(type(value) in (int, float) for value in feature), "a dynamic_feat may not be null"
        assert any(value is not None for value in line["target"])
    assert len({(line["start"], len(line["target"])) for line in train}) == 1
    length = len(train[0]["target"])
    assert any(value is not None for value in test[-1]["target"][length:])
    for window, line in enumerate(test):
        assert line["start"] == train[0]["start"]
        assert len(line["target"]) == length + (made.calibration_windows + window + 1) * made.prediction_length
        assert line["target"][:length] == train[line["cat"][0]]["target"]
        # Features do not depend on the length of a line.
        for short, long in zip(train[line["cat"][0]]["dynamic_feat"], line["dynamic_feat"], strict=True):
            assert long[:length] == short


def test_channels_of_the_demo_keep_deepars_rules(demo: EngineeredData):
    check_channels(demo)


def test_target_is_null_exactly_without_trading(demo: EngineeredData):
    line = lines(files(demo)["train/train.json"])[0]
    start = np.datetime64(line["start"].replace(" ", "T"), "D")
    days = start + np.arange(len(line["target"]))
    history = sample_histories()["sp500"]
    common = set(demo.panel.times.astype("datetime64[D]").tolist())
    for day, value in zip(days.tolist(), line["target"], strict=True):
        assert (value is not None) == (day in common)
    prices = dict(zip(history.times.astype("datetime64[D]").tolist(), history.close.tolist(), strict=True))
    traded = [day for day in days.tolist() if day in common]
    expected = np.log(prices[traded[5]] / prices[traded[4]])
    assert line["target"][days.tolist().index(traded[5])] == pytest.approx(expected, rel=1e-12)


def test_a_dynamic_feature_is_what_was_known_prediction_length_earlier(demo: EngineeredData):
    length = demo.grid.prediction_length
    name = demo.dynamic.names.index("rsi_14")
    group = next(g for g in demo.features.columns if g.transformer.group == "rsi")
    for asset in (0, 4):
        for cell in (demo.series_start, 1000, demo.grid.cells - 1):
            known = np.flatnonzero(demo.panel.times <= demo.grid.times[cell - length])[-1]
            raw = demo.dynamic.values[asset, name, cell] * demo.dynamic.deviation[asset, name] + demo.dynamic.mean[asset, name]
            assert raw == pytest.approx(group.values[asset, 0, known], abs=1e-4)


def test_calendar_features_are_those_of_the_cell_itself(demo: EngineeredData):
    column = demo.dynamic.names.index("dayOfWeek_cos")
    sundays = (demo.grid.times.astype("datetime64[D]").astype(int) + 3) % 7 == 6
    np.testing.assert_allclose(demo.dynamic.values[0, column, sundays], np.cos(2 * np.pi * 6 / 7), atol=1e-6)


def test_normalisation_is_fitted_on_the_training_rows(demo: EngineeredData):
    group = next(g for g in demo.features.columns if g.transformer.group == "volatility")
    column = demo.dynamic.names.index("volatility_20")
    train = group.values[2, 0, group.transformer.warm_up : demo.grid.train_rows]
    assert demo.dynamic.mean[2, column] == pytest.approx(train.mean(), rel=1e-12)
    assert demo.dynamic.deviation[2, column] == pytest.approx(train.std(), rel=1e-12)
    stored = json.loads(files(demo)["evaluation/scales.json"])["assets"]["wti"]["volatility_20"]
    assert stored == {"mean": demo.dynamic.mean[2, column], "deviation": demo.dynamic.deviation[2, column]}


def test_beside_the_autoencoder_stands_pca_with_as_many_codes(demo: EngineeredData):
    assert set(demo.codes) == {"autoencoder", "autoencoder_pca_yardstick", "pca"}
    assert demo.codes["autoencoder_pca_yardstick"] == demo.codes["pca"]
    seen = demo.template.model_copy(update={"dynamic_features": None}).seen_groups
    for part in ("train", "test"):  # the default is what wins
        winner = min(("autoencoder", "pca"), key=lambda group: demo.codes[group][part])
        assert {"autoencoder", "pca"} & set(seen) == {winner}
    panel = walk(1)
    alone = engineer(histories(panel), template(panel, 300, features={"autoencoder": {"codes": 2}, "pca": {"codes": 1}}))
    assert alone.codes["autoencoder_pca_yardstick"]["train"] < alone.codes["pca"]["train"]


def test_features_csv_is_the_features(demo: EngineeredData):
    text = files(demo)["features/features.csv"].decode().splitlines()
    header = text[0].split(",")
    names, values = demo.features.flat()
    assert header == ["Date", *(f"{asset}:close" for asset in demo.panel.assets), *names]
    assert len(text) == demo.panel.rows + 1
    for row in (0, 47, 1234, 3256):
        cells = text[row + 1].split(",")
        assert cells[0] == str(demo.panel.times[row].astype("datetime64[D]"))
        numbers = np.array([float(cell) if cell else np.nan for cell in cells[1:]])
        np.testing.assert_array_equal(numbers, np.concatenate([demo.panel.close[:, row], values[:, row]]))


def changed_after(panel: Panel, row: int) -> Panel:
    close = panel.close.copy()
    close[:, row:] = close[:, row - 1 : row] * np.exp(np.cumsum(np.full(close[:, row:].shape, 0.01), axis=1))
    return Panel(panel.assets, panel.times, close)


@given(seed=st.integers(0, 1000), transform=st.sampled_from(["level", "log", "log_return"]))
@examples(6)
def test_prices_changed_after_the_training_end_change_nothing_before_it(seed: int, transform: str):
    panel = walk(seed, rows=340)
    made = template(panel, TRAIN_ROWS, targetTransform=transform)
    one = engineer(histories(panel), made)
    two = engineer(histories(changed_after(panel, TRAIN_ROWS)), made)
    before, after = files(one), files(two)
    assert before["test/test.json"] != after["test/test.json"]
    for name in ("train/train.json", "evaluation/scales.json"):
        assert before[name] == after[name]
    assert (
        before["features/features.csv"].splitlines()[: TRAIN_ROWS + 1]
        == (after["features/features.csv"].splitlines()[: TRAIN_ROWS + 1])
    )
    importance = [json.loads(out["evaluation/importance.json"])["scores"] for out in (before, after)]
    assert importance[0] == importance[1]
    # What a window's dynamic features say was known before it.
    np.testing.assert_array_equal(
        one.dynamic.values[..., : one.grid.window_start(1)], two.dynamic.values[..., : two.grid.window_start(1)]
    )


@given(seed=st.integers(0, 1000), more=st.integers(1, 60))
@examples(5)
def test_more_prices_change_nothing_before(seed: int, more: int):
    panel = walk(seed, rows=330 + more)
    made = template(panel, TRAIN_ROWS)
    short, long = files(engineer(histories(panel.head(330)), made)), files(engineer(histories(panel), made))
    for name in set(short) - {"features/features.csv", "evaluation/importance.json"}:
        assert short[name] == long[name], name
    same_features(short["features/features.csv"], long["features/features.csv"])


def same_features(short: bytes, long: bytes) -> None:
    """The rows of ``short`` begin ``long``: within 1e-12, since a matrix product may add up in another order for more rows."""
    rows = [line.split(",") for line in short.decode().splitlines()]
    more = [line.split(",") for line in long.decode().splitlines()][: len(rows)]
    assert rows[0] == more[0]
    assert [row[0] for row in rows] == [row[0] for row in more]
    numbers = [np.array([[float(cell or "nan") for cell in row[1:]] for row in table[1:]]) for table in (rows, more)]
    np.testing.assert_allclose(numbers[0], numbers[1], rtol=1e-12, atol=1e-15)


def test_until_sees_only_rows_up_to_then(demo: EngineeredData):
    early = engineer(sample_histories(), demo_template(), until=datetime(2012, 10, 5))
    assert early.panel.times[-1] == np.datetime64("2012-10-05")
    assert (early.grid.calibration_windows, early.grid.test_windows) == (4, 1)
    same_features(files(early)["features/features.csv"], files(demo)["features/features.csv"])
    assert files(early)["train/train.json"] == files(demo)["train/train.json"]
    before_training_end = engineer(sample_histories(), demo_template(), until=datetime(2010, 1, 1))
    assert before_training_end.grid.windows == 0
    assert [name for name in files(before_training_end) if name.startswith("requests/")] == ["requests/index.json"]


INTRADAY = np.concatenate(
    [
        np.arange(f"{day}T10", f"{day}T17", dtype="datetime64[h]")
        for day in np.datetime_as_string(np.arange("2010-01-04", "2010-04-30", dtype="datetime64[D]"))
        if np.is_busday(day)
    ]
).astype("datetime64[s]")


@pytest.mark.parametrize(
    ("frequency", "times", "expected"),
    [
        ("1D", None, "D"),
        ("1H", INTRADAY, "H"),
        ("30min", np.arange("2010-01-04T00:00", "2010-01-16T00:00", 30, dtype="datetime64[m]"), "30min"),
        ("1W", np.arange("1990-01-05", "2000-01-01", 7, dtype="datetime64[D]"), "W"),
        ("1M", np.arange("1960-01", "2000-01", dtype="datetime64[M]").astype("datetime64[D]"), "M"),
        ("3M", np.arange("1900-01", "2000-01", 3, dtype="datetime64[M]").astype("datetime64[D]"), "3M"),
        ("2D", np.arange("2000-01-01", "2002-06-01", 2, dtype="datetime64[D]"), "2D"),
    ],
)
def test_every_frequency_works(frequency: str, times: np.ndarray | None, expected: str):
    panel = walk(1, rows=400) if times is None else walk(1, rows=len(times), times=times.astype("datetime64[s]"))
    made = template(panel, panel.rows - 60, frequency=frequency, predictionLength=24 if frequency == "1H" else 6, testWindows=2)
    data = engineer(histories(panel), made)
    assert made.time_freq == expected
    check_channels(data)
    target = json.loads(files(data)["evaluation/target.json"])
    assert target["frequency"] == expected
    grid_of_rows = data.grid.times[data.grid.row_cell]
    units = Frequency.parse(frequency)
    np.testing.assert_array_equal(units.units(grid_of_rows), units.units(panel.times[: grid_of_rows.size]))


def test_weeks_end_on_sunday_and_months_on_their_last_day():
    weeks = Frequency.parse("1W")
    friday = np.array(["2024-03-01"], dtype="datetime64[s]")
    assert iso(weeks.times(weeks.units(friday))) == ["2024-03-03 00:00:00"]
    months = Frequency.parse("1M")
    assert iso(months.times(months.units(friday))) == ["2024-03-31 00:00:00"]


def test_without_dynamic_features_the_channels_have_none():
    panel = walk(2, rows=400)
    data = engineer(histories(panel), template(panel, 300, dynamicFeatures=[], targetTransform="level"))
    assert all("dynamic_feat" not in line for line in lines(files(data)["train/train.json"]))
    assert data.series_start == 0


def test_windows_that_nothing_can_be_scored_on_are_an_error():
    nights = walk(1, rows=len(INTRADAY), times=INTRADAY)
    made = template(nights, 294, frequency="1H", predictionLength=6, testWindows=1)
    with pytest.raises(ProblemsError, match=r"testWindows is 1; .*1 of them have no price"):
        engineer(histories(nights), made)
    panel = walk(2, rows=400)
    close = panel.close.copy()
    close[-1, 299:] = close[-1, 299]
    with pytest.raises(ProblemsError, match="does not move"):
        engineer(histories(Panel(panel.assets, panel.times, close)), template(panel, 300))


def test_features_that_leave_no_training_are_an_error_with_row_counts():
    panel = walk(2, rows=400)
    made = template(panel, 300, features={"sma": {"windows": [290]}})
    with pytest.raises(ProblemsError, match=r"300 rows. of the training range, 8 are left .*use contextLength 1 or less"):
        engineer(histories(panel), made)
