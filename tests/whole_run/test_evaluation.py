"""A whole local run: the evaluation's figures are recomputed separately, from the transform's output and the prices."""

from __future__ import annotations

import html
import json
import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray

from contracts.backtest import INDEX_FILE, SAMPLES, RequestIndex
from contracts.layout import ExecutionLayout, asset_key
from contracts.tables import ExecutionAttribute
from local_run.session import Session
from runs import begin
from runs.report.write import write_report
from tests.reference_metrics import weighted_quantile_loss
from tests.whole_run.conftest import GATE_MARGIN, Finished, finish

pytestmark = pytest.mark.slow

Doubles: TypeAlias = NDArray[np.float64]
LAYOUT = ExecutionLayout("whole")
LEVELS = [tenth / 10 for tenth in range(1, 10)]


@pytest.fixture(scope="module")
def whole(session: Session) -> Finished:
    return finish(session, begin.start(session.stack, "demo", "whole"))


@pytest.fixture(scope="module")
def prices(whole: Finished) -> dict[str, dict[date, float]]:
    """Closing prices of the days on which every asset has one."""
    found = {}
    for asset in template(whole)["baseAssets"]:
        body = whole.session.stack.s3.get_object(Bucket=whole.session.outputs.assets_bucket, Key=asset_key(asset))["Body"]
        rows = [line.split(",") for line in body.read().decode().splitlines()[1:]]
        found[asset] = {date.fromisoformat(day[:10]): float(price) for day, price in rows}
    common = set.intersection(*(set(history) for history in found.values()))
    return {asset: {day: history[day] for day in sorted(common)} for asset, history in found.items()}


def template(run: Finished) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run.read(f"{LAYOUT.evaluation}/template.json"))
    return found


def stored(run: Finished, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run.read(f"{LAYOUT.evaluation}/{name}"))
    return found


def request_index(run: Finished) -> RequestIndex:
    index: RequestIndex = json.loads(run.read(f"{LAYOUT.requests}/{INDEX_FILE}"))
    return index


def days(window: Any) -> list[date]:
    first, last = (date.fromisoformat(window[edge][:10]) for edge in ("start", "end"))
    return [first + timedelta(number) for number in range((last - first).days + 1)]


def answers(run: Finished) -> dict[tuple[str, int], Doubles]:
    """The sampled log returns of each asset and window, shape (samples, steps)."""
    found = {}
    for name, requests in request_index(run)["files"].items():
        lines = run.read(f"{LAYOUT.backtest}/{name}.out").splitlines()
        for request, line in zip(requests, lines, strict=True):
            found[request["asset"], request["window"]] = np.array(json.loads(line)["samples"])
    return found


def price_paths(history: dict[date, float], steps: list[date], returns: Doubles) -> Doubles:
    """A price changes on weekdays: last price · exp(sum of the returns so far)."""
    last = next(history[day] for day in reversed(history) if day < steps[0])
    weekday = np.array([day.weekday() < 5 for day in steps])
    return last * np.exp(np.cumsum(returns * weekday, axis=1))


def recomputed(run: Finished, prices: dict[str, dict[date, float]], kind: str, assets: list[str]) -> tuple[Doubles, Doubles]:
    """Actual prices, shape (steps of all windows and assets,), and sampled prices, shape (samples, the same steps)."""
    sampled, actual, paths = answers(run), [], []
    for number, window in enumerate(request_index(run)["windows"]):
        for asset in assets if window["kind"] == kind else []:
            steps = days(window)
            actual += [prices[asset].get(day, np.nan) for day in steps]
            paths.append(price_paths(prices[asset], steps, sampled[asset, number]))
    return np.array(actual), np.concatenate(paths, axis=1)


def model_scores(run: Finished, kind: str, of: str) -> dict[str, Any]:
    forecasters = stored(run, "scores.json")["forecasters"]
    found: dict[str, Any] = forecasters.get("model without calibration", forecasters["model"])["price"][kind][of]
    return found


def sum_of_losses(actual: Doubles, quantiles: Doubles) -> float:
    """Σ 2 · max(τ (y − q), (τ − 1)(y − q)) over levels and steps; quantiles have shape (levels, steps)."""
    tau = np.array(LEVELS)[:, None]
    return float(np.nansum(2 * np.maximum(tau * (actual - quantiles), (tau - 1) * (actual - quantiles))))


def test_every_window_and_asset_has_an_answer(whole: Finished) -> None:
    made, sampled = template(whole), answers(whole)
    count = made["calibrationWindows"] + made["testWindows"]
    assert set(sampled) == {(asset, window) for asset in made["baseAssets"] for window in range(count)}
    assert {paths.shape for paths in sampled.values()} == {(SAMPLES, made["predictionLength"])}
    assert len({paths.tobytes() for paths in sampled.values()}) == len(sampled)


@pytest.mark.parametrize("kind", ["calibration", "test"])
@pytest.mark.parametrize("of", ["predicted", "all"])
def test_the_scores_are_recomputed_from_answers_and_prices(
    whole: Finished, prices: dict[str, dict[date, float]], kind: str, of: str
) -> None:
    found = model_scores(whole, kind, of)
    assets = list(prices) if of == "all" else [template(whole)["predictedAsset"]]
    actual, paths = recomputed(whole, prices, kind, assets)
    losses = [weighted_quantile_loss(actual, np.quantile(paths, level, axis=0), level) for level in LEVELS]
    assert list(found["wQuantileLoss"].values()) == pytest.approx(losses, rel=1e-9)
    assert found["mean_wQuantileLoss"] == pytest.approx(np.mean(losses), rel=1e-9)
    error = np.median(paths, axis=0) - actual
    assert found["values"] == np.isfinite(actual).sum() > 40
    assert found["MAE"] == pytest.approx(np.nanmean(np.abs(error)), rel=1e-9)
    assert found["RMSE"] == pytest.approx(np.sqrt(np.nanmean(error**2)), rel=1e-9)
    assert found["MAPE"] == pytest.approx(np.nanmean(np.abs(error / actual)), rel=1e-9)
    low, high = np.quantile(paths, [0.1, 0.9], axis=0)
    inside = ((actual >= low) & (actual <= high))[np.isfinite(actual)]
    assert found["coverage"]["0.8"]["share"] == pytest.approx(inside.mean())


def test_the_gate_compares_with_the_baseline_that_was_best_on_the_calibration_windows(
    whole: Finished, prices: dict[str, dict[date, float]]
) -> None:
    gate, report = stored(whole, "gate.json"), stored(whole, "baselines.json")
    asset = template(whole)["predictedAsset"]
    windows = request_index(whole)["windows"]

    def loss(baseline: dict[str, Any], kind: str) -> float:
        return sum(
            sum_of_losses(
                np.array([prices[asset].get(day, np.nan) for day in days(window)]),
                np.array([forecast[str(level)] for level in LEVELS]),
            )
            for window, forecast in zip(windows, baseline["price"], strict=True)
            if window["kind"] == kind
        )

    chosen = min(report["baselines"], key=lambda made: loss(made, "calibration"))
    assert chosen["name"] == gate["bestBaseline"] == report["best"]
    for made in report["baselines"]:
        assert made["calibrationLoss"] == pytest.approx(loss(made, "calibration"), rel=1e-9)
        assert made["testLoss"] == pytest.approx(loss(made, "test"), rel=1e-9)
    assert gate["baselineLoss"] == pytest.approx(loss(chosen, "test"), rel=1e-9)


def test_the_gate_s_skill_is_that_of_the_published_forecasts(whole: Finished, prices: dict[str, dict[date, float]]) -> None:
    gate, report = stored(whole, "gate.json"), stored(whole, "forecasts.json")
    history, total = prices[template(whole)["predictedAsset"]], 0.0
    for window in report["windows"]:
        actual = [history.get(date.fromisoformat(moment[:10])) for moment in window["timestamps"]]
        assert window["actual"] == actual
        quantiles = np.array([window["quantiles"][str(level)] for level in LEVELS])
        total += sum_of_losses(np.array(actual, dtype=np.float64), quantiles)
    assert gate["skill"] == pytest.approx(1 - total / gate["baselineLoss"], rel=1e-9)
    assert gate["skillExcess"] == pytest.approx(gate["skill"] + GATE_MARGIN)
    assert float(whole.item[ExecutionAttribute.GATE_METRIC]) == pytest.approx(gate["skill"], rel=1e-9)
    assert float(whole.item[ExecutionAttribute.GATE_THRESHOLD]) == -GATE_MARGIN
    assert whole.item[ExecutionAttribute.GATE_BASELINE] == gate["bestBaseline"]


def test_the_page_shows_the_evaluation_and_loads_nothing(whole: Finished, tmp_path: Path) -> None:
    write_report(whole.session.stack, "whole", tmp_path)
    page = (tmp_path / "whole/report.html").read_text()
    text = html.unescape(re.sub(r"<(script|style).*?</\1>|<[^>]+>", " ", page, flags=re.DOTALL))
    skill = stored(whole, "gate.json")["skill"]
    assert f"skill against {stored(whole, 'gate.json')['bestBaseline']}" in text
    assert f"{100 * skill:+.1f} %" in text.replace("\u202f", " ").replace("\u00a0", " ")
    assert not re.search(r"<(script|link|img)[^>]+(src|href)=[\"']https?:", page)
    assert (tmp_path / "whole/forecast.png").read_bytes().startswith(b"\x89PNG")
