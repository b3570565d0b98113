"""From an execution's files to forecasts.json and the prediction table."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.layout import ExecutionLayout
from contracts.metrics import mean_weighted_quantile_loss, weighted_quantile_losses
from contracts.problems import ProblemsError
from contracts.tables import PREDICTION
from fe_image.engineer import engineer
from fe_image.model.target import transformed, undo_paths
from fe_image.outputs import output_files
from local_run.deepar.model import Model
from local_run.deepar.sampling import sample_paths
from local_run.deepar.tarballs import pack_folder
from local_run.deepar.training import evaluate, without_end
from local_run.demo import metrics_table
from local_run.forecast import PRICE_PATHS, ForecastInputs, forecast, forecast_report, past_prices, prediction_row
from runs.report.verdict import quantile_ratios
from runs.stack import Stack
from tests.conftest import REGION
from tests.fe_image.support import histories, template, walk
from tests.local_run.deepar.support import cut, record, seasonal_series
from tests.reference_metrics import weighted_quantile_loss
from tests.tables import create_table

ID = "demo-1"
LEVELS = [f"{level / 10:g}" for level in range(1, 10)]
WINDOWS = [cut(seasonal_series(1), end)[0] for end in (203, 210)]


def target(transform: str = "level") -> dict[str, Any]:
    starts = ["2020-07-20 00:00:00", "2020-07-27 00:00:00"]
    return {
        "transform": transform,
        "asset": "sp500",
        "frequency": "D",
        "trading_profile": [1.0] * 5 + [0.0] * 2,
        "windows": [{"forecast_start": start, "last_price": 50.0} for start in starts],
    }


def baselines() -> dict[str, Any]:
    def window(number: int) -> dict[str, Any]:
        actual = WINDOWS[number].target[-7:].tolist()
        flat = {level: [10.0] * 7 for level in LEVELS}
        stamps = [f"2020-07-{20 + 7 * number + day:02d} 00:00:00" for day in range(7 - 2 * number)]
        stamps += [f"2020-08-0{day} 00:00:00" for day in (1, 2)] if number else []
        return {
            "timestamps": stamps,
            "price_actual": [None, *actual[1:]],
            "target_actual": actual,
            "price_quantiles": flat,
            "target_quantiles": flat,
        }

    return {
        "mean_wQuantileLoss": 0.2,
        "wQuantileLoss": {"0.1": 0.1, "0.5": None},
        "RMSE": 2.0,
        "windows": [window(0), window(1)],
    }


def inputs(model: Model, transform: str = "level") -> ForecastInputs:
    return ForecastInputs(WINDOWS, target(transform), baselines(), model)


def test_metrics_are_those_of_the_trainings_own_test(seasonal_model: Model) -> None:
    """And what anyone recomputes from the stored quantiles."""
    report = forecast_report(ID, inputs(seasonal_model))
    assert report["metrics"] == evaluate(seasonal_model, WINDOWS)
    actual = [value for window in report["windows"] for value in window["target_actual"]]
    quantiles = {
        level: [value for window in report["windows"] for value in window["target_quantiles"][level]] for level in LEVELS
    }
    assert mean_weighted_quantile_loss(actual, quantiles) == pytest.approx(report["metrics"]["mean_wQuantileLoss"], rel=1e-9)
    np.testing.assert_allclose(actual, np.concatenate([series.target[-7:] for series in WINDOWS]))


def test_the_report_carries_history_actuals_and_the_naive_forecast(seasonal_model: Model) -> None:
    report = forecast_report(ID, inputs(seasonal_model))
    assert (report["execution_id"], report["asset"], report["transform"]) == (ID, "sp500", "level")
    assert report["naive_metrics"] == {"RMSE": 2.0, "mean_wQuantileLoss": 0.2, "wQuantileLoss[0.1]": 0.1}
    history = report["history"]
    assert (history["timestamps"][-1], len(history["timestamps"])) == ("2020-07-19 00:00:00", 42)
    np.testing.assert_allclose(np.array(history["price"], float), WINDOWS[0].target[154:196])
    first = report["windows"][0]
    assert first["actual"][0] is None
    assert first["naive_quantiles"]["0.9"] == [10.0] * 7
    json.dumps(report, allow_nan=False)


def test_step_training_and_report_spell_a_quantile_alike(seasonal_model: Model) -> None:
    """With more digits than a shorter spelling has, and two that such a one would make the same."""
    levels = (0.1234561, 0.1234562, 1 / 3, 0.5)
    panel = walk(0)
    step = engineer(histories(panel), template(panel, 300), test_quantiles=levels)
    naive = json.loads(b"".join(dict(output_files(step))["evaluation/baselines.json"]))
    model = replace(seasonal_model, config=replace(seasonal_model.config, test_quantiles=levels))
    report = forecast_report(ID, ForecastInputs(WINDOWS, target(), naive, model))
    assert report["metrics"].keys() - report["naive_metrics"].keys() == {"mean_absolute_QuantileLoss"}
    for window in report["windows"]:
        kinds = ("quantiles", "naive_quantiles", "target_quantiles", "naive_target_quantiles")
        assert [list(map(float, window[kind])) for kind in kinds] == [list(levels)] * 4  # type: ignore[literal-required]
    assert [float(level) for level in quantile_ratios(report)] == list(levels)
    assert metrics_table(report).row_count == 2 + len(levels)


def test_a_metric_that_the_model_has_not_is_a_dash(seasonal_model: Model) -> None:
    report = forecast_report(ID, inputs(seasonal_model))
    del report["metrics"]["RMSE"]
    assert "–" in list(metrics_table(report).columns[1].cells)


def test_prices_come_from_paths_and_stay_where_nothing_is_traded(seasonal_model: Model) -> None:
    """Quantiles of summed returns, from all paths; the weekend's own are not counted."""
    first = forecast_report(ID, inputs(seasonal_model, "log_return"))["windows"][0]
    median = first["quantiles"]["0.5"]
    assert median[4] == median[5] == median[6]
    config = seasonal_model.config
    known = [without_end(series, config.prediction_length) for series in WINDOWS]
    seeds = range(config.seed, config.seed + PRICE_PATHS // config.num_eval_samples)
    paths = np.concatenate([sample_paths(seasonal_model, known, config.num_eval_samples, seed)[0] for seed in seeds])
    assert len(paths) == PRICE_PATHS
    prices = undo_paths("log_return", paths, 50.0, np.array([True] * 5 + [False] * 2))
    np.testing.assert_allclose(first["quantiles"]["0.9"], np.quantile(prices, 0.9, axis=0))


def test_windows_and_test_lines_must_agree(seasonal_model: Model) -> None:
    wrong = baselines()
    wrong["windows"].pop()
    with pytest.raises(ProblemsError, match="baselines.json is '1 windows'; allowed: 2"):
        forecast_report(ID, ForecastInputs(WINDOWS, target(), wrong, seasonal_model))


PRICES = st.lists(st.none() | st.floats(0.5, 5000), min_size=3, max_size=40).filter(
    lambda found: sum(p is not None for p in found) > 1
)


@given(PRICES, st.sampled_from(["level", "log", "log_return"]))
def test_past_prices_undo_the_transform(prices: list[float | None], transform: str) -> None:
    """As the step makes the target: returns span the days without trading."""
    observed = np.array([price for price in prices if price is not None])
    cells = np.array([price is not None for price in prices])
    values = np.full(len(prices), math.nan)
    values[cells] = transformed(observed, transform)
    found = past_prices(transform, values, observed[-1])
    start = 1 if transform == "log_return" else 0  # the first return is not known
    np.testing.assert_allclose(found[cells][start:], observed[start:], rtol=1e-9)
    assert np.isnan(found[~cells]).all()


VALUES = st.floats(-1e6, 1e6).map(lambda value: round(value, 6))  # no losses that only overflow can tell
STEP = st.tuples(st.none() | VALUES, VALUES, VALUES)


@given(st.lists(STEP, min_size=1, max_size=30))
def test_the_plain_metric_is_the_algorithms(steps: list[tuple[float | None, float, float]]) -> None:
    actual = [value for value, _, _ in steps]
    quantiles = {"0.1": [low for _, low, _ in steps], "0.9": [high for _, _, high in steps]}
    losses = weighted_quantile_losses(actual, quantiles)
    if not any(actual):
        assert losses == {}
        assert mean_weighted_quantile_loss(actual, quantiles) is None
        return
    for level, forecast_values in quantiles.items():
        exact = weighted_quantile_loss(np.array(actual, np.float64), np.array(forecast_values), float(level))
        assert losses[level] == pytest.approx(exact, rel=1e-9)


def test_a_prediction_row_is_bounded(seasonal_model: Model) -> None:
    report = forecast_report(ID, inputs(seasonal_model))
    window = report["windows"][0]
    long = {**window, "timestamps": window["timestamps"] * 143, "actual": window["actual"] * 143}
    long["quantiles"] = {f"{level / 100:g}": [1234.567890123] * 1001 for level in range(1, 100)}
    row = prediction_row(report, long)  # type: ignore[arg-type]
    assert len(json.dumps(row, default=str)) < 200_000
    assert list(json.loads(row["Forecast"])["quantiles"]) == ["0.01", "0.5", "0.99"]
    assert float(row["MeanWQuantileLoss"]) == pytest.approx(
        mean_weighted_quantile_loss(window["target_actual"], window["target_quantiles"])
    )


@pytest.fixture
def executed(stack: Stack, seasonal_model: Model, tmp_path: Path) -> Stack:
    """A stack with the files of an execution that was trained."""
    stack.s3.create_bucket(Bucket="models", CreateBucketConfiguration={"LocationConstraint": REGION})
    create_table(stack.dynamodb.meta.client, PREDICTION)
    stack = Stack(replace(stack.outputs, prediction_table=PREDICTION.name))
    layout = ExecutionLayout(ID)
    seasonal_model.save(tmp_path / "model")
    archive = pack_folder(tmp_path / "model", tmp_path / "model.tar.gz").read_bytes()
    lines = "".join(json.dumps(record(series)) + "\n" for series in WINDOWS)
    objects = {
        layout.test_json: lines.encode(),
        f"{layout.evaluation}/target.json": json.dumps(target()).encode(),
        f"{layout.evaluation}/baselines.json": json.dumps(baselines()).encode(),
        f"{layout.model}/first-try/output/model.tar.gz": b"broken",
        f"{layout.model}/second-try/output/model.tar.gz": archive,
    }
    for key, content in objects.items():
        stack.s3.put_object(Bucket="models", Key=key, Body=content)
    return stack


def test_forecasts_are_stored_with_the_execution(executed: Stack, seasonal_model: Model) -> None:
    report = forecast(executed, ID)
    stored = executed.s3.get_object(Bucket="models", Key=ExecutionLayout(ID).forecasts)["Body"].read()
    assert json.loads(stored) == report == forecast_report(ID, inputs(seasonal_model))
    rows = executed.dynamodb.Table(PREDICTION.name).scan()["Items"]
    assert sorted((row["ExecutionId"], row["WindowStart"], row["WindowEnd"]) for row in rows) == [
        (ID, "2020-07-20T00:00:00", "2020-07-26T00:00:00"),
        (ID, "2020-07-27T00:00:00", "2020-08-02T00:00:00"),
    ]
    forecast(executed, ID)
    assert executed.s3.get_object(Bucket="models", Key=ExecutionLayout(ID).forecasts)["Body"].read() == stored


@pytest.mark.parametrize("gone", ["test/test.json", "evaluation/target.json", "model/second-try/output/model.tar.gz"])
def test_what_is_not_there_is_named_and_nothing_is_written(executed: Stack, gone: str) -> None:
    layout = ExecutionLayout(ID)
    executed.s3.delete_object(Bucket="models", Key=f"{layout.prefix}/{gone}")
    if gone.startswith("model"):
        executed.s3.delete_object(Bucket="models", Key=f"{layout.model}/first-try/output/model.tar.gz")
    with pytest.raises(ProblemsError, match=gone.partition("/")[0]):
        forecast(executed, ID)
    assert "Contents" not in executed.s3.list_objects_v2(Bucket="models", Prefix=layout.forecasts)
