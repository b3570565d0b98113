"""The words of the verdict follow the figures."""

from __future__ import annotations

import numpy as np
import pytest

from local_run.deepar.metrics import weighted_quantile_loss
from runs.report import ReportBundle
from runs.report.verdict import coverage, nominal_coverage, overall_ratio, verdict, window_scores
from tests.report.support import LEVELS, forecasts, item


def words(model: float, **changes: object) -> tuple[str, str, str]:
    found = verdict(ReportBundle.of_item(item(**changes), forecasts(model)))
    return found.tone, found.headline, " ".join(found.sentences)


def test_window_scores_are_the_metrics_of_the_algorithm() -> None:
    report = forecasts()
    for window, score in zip(report["windows"], window_scores(report), strict=True):
        actual = np.array(window["target_actual"], np.float64)
        losses = [weighted_quantile_loss(actual, np.array(window["target_quantiles"][level]), float(level)) for level in LEVELS]
        assert score.loss == pytest.approx(np.mean(losses), rel=1e-12)
        inside = (actual >= window["target_quantiles"]["0.1"]) & (actual <= window["target_quantiles"]["0.9"])
        assert (score.inside, score.observed) == (inside.sum(), 5)


def test_a_worse_model_is_called_worse_and_where() -> None:
    tone, headline, sentences = words(8.0)
    assert (tone, headline.startswith("The model is ")) == ("bad", True)
    assert f"{overall_ratio(forecasts(8.0)) - 1:.1%} worse" in headline
    assert "worse in these: 2020-01-01 to 2020-01-06" in sentences


def test_a_better_model_is_called_better() -> None:
    report = forecasts()
    report["metrics"] = {name: value * 0.8 for name, value in report["naive_metrics"].items()}
    found = verdict(ReportBundle.of_item(item(), report))
    assert (found.tone, found.headline) == ("good", "The model beats the naive forecast by 20.0%.")


def test_an_equal_model_is_said_to_add_nothing() -> None:
    tone, headline, sentences = words(1.0)
    assert (tone, "adds nothing" in headline) == ("neutral", True)
    assert "1.000 times as much" in sentences


def test_coverage_counts_observed_steps() -> None:
    report = forecasts()
    scores = window_scores(report)
    assert coverage(scores) == sum(score.inside for score in scores) / 15
    assert nominal_coverage(report) == pytest.approx(0.8)
    assert f"{coverage(scores):.0%} of the actual values lie in the outer band, which promises 80%" in words(0.9)[2]


@pytest.mark.parametrize(("outcome", "text"), [("Registered", "it is registered"), ("NotRegistered", "it is not registered")])
def test_the_gates_figures_are_told(outcome: str, text: str) -> None:
    sentences = words(1.0, Outcome=outcome)[2]
    assert text in sentences
    assert "(loss 1.1111, threshold 1.2345)" in sentences


def test_a_failed_execution_tells_its_reason() -> None:
    found = verdict(ReportBundle.of_item(item(Status="Failed", FailureReason="no asset"), None))
    assert (found.tone, found.headline, found.sentences) == ("bad", "The execution failed.", ("no asset",))


def test_without_forecasts_nothing_is_claimed() -> None:
    found = verdict(ReportBundle.of_item(item(Status="Executing", Outcome=None), None))
    assert (found.tone, found.headline) == ("neutral", "Status: Executing.")


def test_windows_without_any_observation_have_no_score() -> None:
    report = forecasts()
    report["windows"][0]["target_actual"] = [None] * 6
    first, second, _ = window_scores(report)
    assert (first.loss, first.ratio, first.observed) == (None, None, 0)
    assert second.loss is not None
    assert verdict(ReportBundle.of_item(item(), report)).headline
