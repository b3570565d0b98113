"""The request lines of a forecast: those of the backtest at the same cutoff, with the model's own state and no look-ahead."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.problems import ProblemsError
from fe_image.data.arrays import Panel
from fe_image.engineer import EngineeredData, ModelSeries, engineer
from fe_image.forecast.fitted import FittedModel, read_fitted
from fe_image.forecast.prepare import prepare
from fe_image.requests import request_files
from fe_image.series import request_line
from tests.examples import examples
from tests.fe_image.forecast.fitted import fitted_model, write_fitted
from tests.fe_image.support import demo_template, histories, sample_histories, template, walk

TRAIN_ROWS = 300
EVERY_DAY = np.arange("2001-01-01", "2002-01-01", dtype="datetime64[D]").astype("datetime64[s]")


def daily(seed: int, rows: int = 340) -> Panel:
    """Return prices of every day, so that each window starts one step after a price."""
    return walk(seed, rows=rows, times=EVERY_DAY[:rows])


def trained(panel: Panel, **changes: Any) -> tuple[EngineeredData, FittedModel]:
    data = engineer(histories(panel), template(panel, TRAIN_ROWS, **changes))
    with TemporaryDirectory() as folder:
        return data, fitted_model(Path(folder), data)


def lines(series: ModelSeries) -> list[bytes]:
    """Return the request line of each asset."""
    files = {name: b"".join(pieces) for name, pieces in request_files(series)}
    return files["requests/lines/0000.jsonl"].splitlines(keepends=True)


def backtest_lines(data: EngineeredData, window: int) -> list[bytes]:
    start = data.grid.window_start(window)
    return [request_line(data, asset, start) for asset in range(len(data.panel.assets))]


@given(
    seed=st.integers(0, 1000),
    window=st.integers(0, 2),
    transform=st.sampled_from(["level", "log", "log_return"]),
    dynamic=st.sampled_from([None, ["rsi", "arima", "calendar"], ["autoencoder", "bollinger"], []]),
)
@examples(6)
def test_at_a_windows_start_the_lines_are_those_of_the_backtest(seed: int, window: int, transform: str, dynamic: Any):
    panel = daily(seed)
    data, model = trained(panel, targetTransform=transform, dynamicFeatures=dynamic)
    series = prepare(histories(panel.head(data.grid.window_start(window))), data.template, model)
    assert lines(series) == backtest_lines(data, window)


@pytest.mark.parametrize(
    ("frequency", "times"),
    [
        ("30min", np.arange("2010-01-04T00:00", "2010-01-16T00:00", 30, dtype="datetime64[m]")),
        ("1W", np.arange("1990-01-05", "2000-01-01", 7, dtype="datetime64[D]")),
        ("3M", np.arange("1900-01", "2000-01", 3, dtype="datetime64[M]").astype("datetime64[D]")),
        ("2D", np.arange("2000-01-01", "2002-06-01", 2, dtype="datetime64[D]")),
    ],
)
def test_the_lines_agree_for_every_frequency(frequency: str, times: np.ndarray):
    panel = walk(1, rows=340, times=times[:340].astype("datetime64[s]"))
    data, model = trained(panel, frequency=frequency)
    series = prepare(histories(panel.head(data.grid.window_start(1))), data.template, model)
    assert lines(series) == backtest_lines(data, 1)


@given(seed=st.integers(0, 1000), row=st.integers(TRAIN_ROWS + 1, 330))
@examples(5)
def test_prices_after_the_cutoff_change_nothing(seed: int, row: int):
    """Neither a line nor the state of a model that was trained when later prices were others; later forecasts keep it too."""
    panel = daily(seed)
    close = panel.close.copy()
    close[:, row:] *= np.linspace(2, 3, panel.rows - row)
    changed = Panel(panel.assets, panel.times, close)
    (data, model), (_, other) = trained(panel), trained(changed)
    before = prepare(histories(panel.head(row)), data.template, model)
    assert lines(before) == lines(prepare(histories(panel.head(row)), data.template, other))
    whole = prepare(histories(changed), data.template, model)
    assert lines(whole) != lines(before)
    np.testing.assert_array_equal(whole.dynamic.mean, data.dynamic.mean)
    np.testing.assert_array_equal(whole.dynamic.deviation, data.dynamic.deviation)
    np.testing.assert_array_equal(whole.dynamic.values[..., :row], before.dynamic.values[..., :row])


def test_dynamic_features_of_the_coming_steps_are_lagged_or_calendar():
    """A cell of the window has a value that was known prediction_length cells earlier, or a position in the calendar."""
    panel = daily(3)
    data, model = trained(panel, features={"rsi": {}, "calendar": {}})
    series = prepare(histories(panel), data.template, model)
    line = json.loads(lines(series)[0])
    length, end = data.template.prediction_length, series.grid.first_window
    assert len(line["dynamic_feat"][0]) == len(line["target"]) + length
    rsi, calendar = (group.transformer for group in data.features.columns)
    known = rsi.transform(panel, {})[0, 0, end - length : end]  # every day has a row
    scaled = (known - series.dynamic.mean[0, 0]) / series.dynamic.deviation[0, 0]
    np.testing.assert_allclose(line["dynamic_feat"][0][-length:], scaled, atol=1e-6)
    positions = calendar.at(series.grid.times[end:])[0]
    np.testing.assert_allclose([row[-length:] for row in line["dynamic_feat"][-len(positions) :]], positions, atol=1e-6)


def test_the_index_has_one_window_after_the_last_price():
    data = engineer(sample_histories(), demo_template())
    with TemporaryDirectory() as folder:
        model = fitted_model(Path(folder), data)
    series = prepare(sample_histories(), demo_template(), model)
    index = json.loads(b"".join(dict(request_files(series))["requests/index.json"]))
    last = series.panel.times[-1].astype("datetime64[D]")
    assert index["windows"] == [{"kind": "forecast", "start": f"{last + 1} 00:00:00", "end": f"{last + 20} 00:00:00"}]
    assert index["files"] == {"0000.jsonl": [{"asset": asset, "window": 0} for asset in demo_template().base_assets]}
    assert series.series_start == data.series_start


def test_prices_that_end_before_the_models_training_are_an_error():
    panel = daily(5)
    data, model = trained(panel)
    with pytest.raises(ProblemsError, match=r"last common row is '2001-10-07 .*prices up to 2001-10-27 00:00:00 or later"):
        prepare(histories(panel.head(280)), data.template, model)


def test_missing_and_changed_files_and_another_template_are_named(tmp_path: Path):
    data = engineer(histories(daily(1)), template(daily(1), TRAIN_ROWS, features={"calendar": {}}, importance=None))
    digests = write_fitted(tmp_path, data)
    other = data.template.model_copy(update={"target_transform": "log"})
    with pytest.raises(ProblemsError, match=r"template\.json targetTransform is 'different'; allowed: the template"):
        read_fitted(tmp_path, digests, other)
    renamed = data.template.model_copy(update={"id": "other", "description": "the same settings"})
    assert read_fitted(tmp_path, digests, renamed).names == data.dynamic.names
    (tmp_path / "target.json").unlink()
    with (tmp_path / "scales.json").open("a") as stream:
        stream.write(" ")
    with pytest.raises(ProblemsError) as error:
        read_fitted(tmp_path, digests, data.template)
    assert [problem.where for problem in error.value.problems] == ["target.json", "scales.json"]
    assert f"allowed: {digests['scales.json']}, which the model package recorded" in str(error.value)
