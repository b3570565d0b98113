"""A whole local run with the real stand-in for DeepAR: what is reported is what a separate computation finds."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from contracts.forecasts import ForecastReport
from contracts.layout import GATE_METRIC, ExecutionLayout
from contracts.tables import ExecutionAttribute
from local_run.demo import store_samples
from local_run.forecast import forecast
from local_run.session import deployed_session
from runs import begin
from runs.report.write import write_report
from tests.whole_run.conftest import Finished, finish

pytestmark = pytest.mark.slow

LEVELS = [f"0.{tenth}" for tenth in range(1, 10)]


@pytest.fixture(scope="module")
def forecast_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Finished, ForecastReport, Path]]:
    with deployed_session("local") as session:
        store_samples(session.stack)
        ended = finish(session, begin.start(session.stack, "demo", "whole", {"epochs": "2"}))
        assert ended.item[ExecutionAttribute.STATUS] == "Succeeded"
        report = forecast(session.stack, "whole")
        out = tmp_path_factory.mktemp("out")
        write_report(session.stack, "whole", out)
        yield ended, report, out / "whole"


def targets(ended: Finished) -> np.ndarray:
    """The last prediction_length target values of every line of the stored test.json."""
    lines = [json.loads(line) for line in ended.read(ExecutionLayout("whole").test_json).splitlines()]
    length = len(stored_report(ended)["windows"][0]["timestamps"])
    values = [[np.nan if value in (None, "NaN") else float(value) for value in line["target"][-length:]] for line in lines]
    return np.array(values)


def stored_report(ended: Finished) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(ended.read(ExecutionLayout("whole").forecasts))
    return report


def losses(actual: np.ndarray, windows: list[dict[str, Any]], key: str) -> dict[str, float]:
    """2 Σ max(τ (y − q), (τ − 1)(y − q)) / Σ |y| for each τ, over all windows and steps with an actual value."""
    seen = ~np.isnan(actual)
    result = {}
    for level in LEVELS:
        error = actual - np.array([window[key][level] for window in windows])
        tau = float(level)
        result[level] = float(2 * np.maximum(tau * error, (tau - 1) * error)[seen].sum() / np.abs(actual[seen]).sum())
    return result


def test_the_reported_losses_are_recomputed_from_the_stored_files(forecast_run: tuple[Finished, ForecastReport, Path]) -> None:
    ended, report, _ = forecast_run
    stored, actual = stored_report(ended), targets(ended)
    for key, metrics in (("target_quantiles", report["metrics"]), ("naive_target_quantiles", report["naive_metrics"])):
        found = losses(actual, stored["windows"], key)
        assert metrics["mean_wQuantileLoss"] == pytest.approx(np.mean(list(found.values())), rel=1e-6)
        for level, value in found.items():
            assert metrics[f"wQuantileLoss[{level}]"] == pytest.approx(value, rel=1e-6)


def test_the_gate_saw_the_training_jobs_own_metric(forecast_run: tuple[Finished, ForecastReport, Path]) -> None:
    ended, report, _ = forecast_run
    gate = json.loads(ended.read(ExecutionLayout("whole").gate_json))
    assert float(ended.item[ExecutionAttribute.GATE_THRESHOLD]) == gate["threshold"]
    assert gate["baseline"] == pytest.approx(report["naive_metrics"]["mean_wQuantileLoss"], rel=1e-9)
    assert float(ended.item[ExecutionAttribute.GATE_METRIC]) == pytest.approx(report["metrics"]["mean_wQuantileLoss"], rel=1e-6)
    name = ended.item[ExecutionAttribute.STEPS]["Training"]["JobArn"].rsplit("/", 1)[-1]
    job = ended.session.stack.sagemaker.describe_training_job(TrainingJobName=name)
    metrics = {metric["MetricName"]: metric["Value"] for metric in job["FinalMetricDataList"]}
    assert metrics[GATE_METRIC] == pytest.approx(float(ended.item[ExecutionAttribute.GATE_METRIC]))


def test_the_actual_prices_of_the_report_are_the_assets_own(forecast_run: tuple[Finished, ForecastReport, Path]) -> None:
    ended, report, _ = forecast_run
    session = ended.session
    body = session.stack.s3.get_object(Bucket=session.outputs.assets_bucket, Key="assets/sp500.csv")["Body"].read().decode()
    prices = dict(line.split(",") for line in body.splitlines()[1:])
    compared = 0
    for window in report["windows"]:
        for time, price in zip(window["timestamps"], window["actual"], strict=True):
            if price is not None:
                assert price == pytest.approx(float(prices[time[:10]]), rel=1e-9)
                compared += 1
    assert compared > 80


def test_the_page_shows_these_very_numbers_and_asks_nobody_else(forecast_run: tuple[Finished, ForecastReport, Path]) -> None:
    _, report, folder = forecast_run
    page = (folder / "report.html").read_text()
    text = html.unescape(re.sub(r"<(script|style).*?</\1>|<[^>]+>", " ", page, flags=re.DOTALL))
    assert f"{report['metrics']['mean_wQuantileLoss']:.4f}" in text
    assert f"{report['naive_metrics']['mean_wQuantileLoss']:.4f}" in text
    assert not re.search(r"<(script|link|img)[^>]+(src|href)=[\"']https?:", page)
    assert (folder / "forecast.png").read_bytes().startswith(b"\x89PNG")


def test_predictions_stand_in_their_table(forecast_run: tuple[Finished, ForecastReport, Path]) -> None:
    ended, report, _ = forecast_run
    table = ended.session.stack.dynamodb.Table(ended.session.outputs.prediction_table)
    assert len(table.scan()["Items"]) == len(report["windows"])
