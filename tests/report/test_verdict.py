"""The words of the verdict follow the figures."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import scipy.stats

from local_run.deepar.metrics import weighted_quantile_loss
from runs.report import ReportBundle
from runs.report.significance import LEAST_WINDOWS, LEVEL, sign_flip_p_value
from runs.report.verdict import coverage, nominal_coverage, overall_ratio, verdict, window_scores
from tests.report.support import LEVELS, forecasts, item, metrics


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
    found = verdict(ReportBundle.of_item(item(), forecasts(8.0, count=8)))
    worse = overall_ratio(forecasts(8.0, count=8))
    assert (found.tone, found.headline) == ("bad", f"The model is {worse - 1:.1%} worse than the naive forecast.")
    assert "worse in these: 2020-01-01 to 2020-01-06" in " ".join(found.sentences)


def test_a_better_model_is_called_better() -> None:
    report = forecasts(count=8)
    for window in report["windows"]:  # a naive forecast of much too wide bands
        wide = {level: [8 * value for value in row] for level, row in window["target_quantiles"].items()}
        window["naive_target_quantiles"] = wide
    report["metrics"] = {name: value * 0.8 for name, value in report["naive_metrics"].items()}
    found = verdict(ReportBundle.of_item(item(), report))
    assert (found.tone, found.headline) == ("good", "The model is 20.0% better than the naive forecast.")
    assert "would differ by as much in less than 1% of such samples" in " ".join(found.sentences)


def test_one_large_window_decides_neither_headline_nor_test_against_the_other() -> None:
    """The model is worse in 19 calm windows by 5 %, better in one of a crash by 20 %: 10 % better over all."""
    report = forecasts(count=20)
    for number, window in enumerate(report["windows"]):
        actual, model = (0.3, 0.06) if number == 19 else (0.01, -0.0005)
        window["target_actual"] = [actual] * 6
        window["target_quantiles"] = {level: [model] * 6 for level in LEVELS}
        window["naive_target_quantiles"] = {level: [0.0] * 6 for level in LEVELS}
    report["metrics"] = metrics(report["windows"], "target_quantiles")
    report["naive_metrics"] = metrics(report["windows"], "naive_target_quantiles")
    found = verdict(ReportBundle.of_item(item(), report))
    said = " ".join(found.sentences)
    assert found.headline == "The model is 10.3% better than the naive forecast, which 20 windows can not tell from chance."
    assert "It is better in 1 of 20 windows" in said
    assert "would differ by as much in 100% of such samples" in said


def test_a_share_of_draws_is_never_called_none() -> None:
    found = verdict(ReportBundle.of_item(item(), forecasts(8.0, count=20)))
    assert "in less than 1% of such samples" in " ".join(found.sentences)


@pytest.mark.parametrize(("ratio", "word"), [(0.8, "better"), (1.3, "worse")])
def test_what_the_windows_can_not_tell_from_chance_is_no_success_and_no_failure(ratio: float, word: str) -> None:
    report = forecasts(8.0, count=8)
    for window in report["windows"][::2]:  # the model is the worse one here, the better one there
        swapped = window["naive_target_quantiles"], window["target_quantiles"]
        window["target_quantiles"], window["naive_target_quantiles"] = swapped
    report["metrics"] = {name: value * ratio for name, value in report["naive_metrics"].items()}
    found = verdict(ReportBundle.of_item(item(), report))
    said = f"The model is {abs(ratio - 1):.1%} {word} than the naive forecast"
    assert found.headline == f"{said}, which 8 windows can not tell from chance."
    assert "can never" not in " ".join(found.sentences)
    assert found.tone == "neutral"


@pytest.mark.parametrize(
    ("count", "named", "least"), [(1, "1 window", "100.0%"), (4, "4 windows", "12.5%"), (5, "5 windows", "6.2%")]
)
def test_that_so_few_windows_can_never_tell_is_no_fault_of_the_data(count: int, named: str, least: str) -> None:
    found = verdict(ReportBundle.of_item(item(), forecasts(8.0, count=count)))
    assert found.headline.endswith(f"than the naive forecast, but {named} can never tell that from chance; at least 6 can.")
    said = " ".join(found.sentences)
    assert f"With {named} it is never less than {least}, whatever the forecasts" in said
    assert "testWindows of at least 6" in said
    assert found.tone == "neutral"


def test_windows_without_actual_values_do_not_count_among_those_that_can_tell() -> None:
    report = forecasts(8.0, count=6)
    assert "can never" not in verdict(ReportBundle.of_item(item(), report)).headline
    report["windows"][0]["target_actual"] = [None] * 6
    assert "5 windows can never tell" in verdict(ReportBundle.of_item(item(), report)).headline


def test_the_least_number_of_windows_is_where_the_sign_flip_test_can_reach_its_level() -> None:
    assert sign_flip_p_value([1.0] * LEAST_WINDOWS) <= LEVEL < sign_flip_p_value([1.0] * (LEAST_WINDOWS - 1))


def test_the_sign_flip_test_counts_every_assignment_of_signs() -> None:
    values = [0.3, -0.1, 0.25, 0.4, -0.05, 0.2]
    sums = [abs(sum(s * v for s, v in zip(signs, values, strict=True))) for signs in itertools.product((1, -1), repeat=6)]
    assert sign_flip_p_value(values) == pytest.approx(np.mean(np.array(sums) >= abs(sum(values)) - 1e-9))
    assert sign_flip_p_value([-value for value in values]) == sign_flip_p_value(values)
    assert sign_flip_p_value([1.0] * 8) == 2 / 2**8
    assert sign_flip_p_value([]) == 1


def test_the_sign_flip_test_of_many_windows_is_near_the_t_test() -> None:
    values = np.random.default_rng(3).normal(0.3, 1, 60)
    expected = scipy.stats.ttest_1samp(values, 0).pvalue
    assert sign_flip_p_value(values.tolist()) == pytest.approx(expected, abs=0.01)


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
    assert not found.judged


def test_without_forecasts_nothing_is_claimed() -> None:
    found = verdict(ReportBundle.of_item(item(Status="Executing", Outcome=None), None))
    assert (found.tone, found.headline, found.judged) == ("neutral", "Executing: no verdict yet.", False)
    assert verdict(ReportBundle.of_item(item(), forecasts())).judged


def test_windows_without_any_observation_have_no_score() -> None:
    report = forecasts()
    report["windows"][0]["target_actual"] = [None] * 6
    first, second, _ = window_scores(report)
    assert (first.loss, first.ratio, first.observed) == (None, None, 0)
    assert second.loss is not None
    assert verdict(ReportBundle.of_item(item(), report)).headline
