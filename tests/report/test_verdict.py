"""The words of the verdict follow the figures."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import scipy.stats

from runs.report import ReportBundle
from runs.report.significance import LEAST_WINDOWS, LEVEL, sign_flip_p_value
from runs.report.verdict import Verdict, coverage, evaluate, nominal_coverage, overall_ratio, window_scores
from tests.reference_metrics import weighted_quantile_loss
from tests.report.support import LEVELS, forecasts, item, metrics


def verdict(bundle: ReportBundle) -> Verdict:
    return evaluate(bundle).verdict


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
    assert (found.tone, found.headline) == ("bad", f"The model's loss is {worse - 1:.1%} above the naive forecast's.")
    assert "and worse in 2020-01-01 to 2020-01-06" in " ".join(found.sentences)


def test_a_better_model_is_called_better() -> None:
    report = forecasts(count=8)
    for window in report["windows"]:  # a naive forecast of much too wide bands
        wide = {level: [8 * value for value in row] for level, row in window["target_quantiles"].items()}
        window["naive_target_quantiles"] = wide
    report["metrics"] = {name: value * 0.8 for name, value in report["naive_metrics"].items()}
    found = verdict(ReportBundle.of_item(item(), report))
    assert (found.tone, found.headline) == ("good", "The model's loss is 20.0% below the naive forecast's.")
    assert "a gap this large would occur less than 1% of the time" in " ".join(found.sentences)


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
    sentences = " ".join(found.sentences)
    headline = "The model's loss is 10.3% below the naive forecast's, but over 20 test windows that could be chance."
    assert found.headline == headline
    assert "The model is better in 1 of 20 test windows" in sentences
    assert "a gap this large would occur 100% of the time" in sentences


def test_a_share_of_draws_is_never_called_none() -> None:
    found = verdict(ReportBundle.of_item(item(), forecasts(8.0, count=20)))
    assert "less than 1% of the time" in " ".join(found.sentences)


@pytest.mark.parametrize(("ratio", "word"), [(0.8, "below"), (1.3, "above")])
def test_a_difference_that_could_be_chance_is_neither_success_nor_failure(ratio: float, word: str) -> None:
    report = forecasts(8.0, count=8)
    for window in report["windows"][::2]:  # the model is the worse one here, the better one there
        swapped = window["naive_target_quantiles"], window["target_quantiles"]
        window["target_quantiles"], window["naive_target_quantiles"] = swapped
    report["metrics"] = {name: value * ratio for name, value in report["naive_metrics"].items()}
    found = verdict(ReportBundle.of_item(item(), report))
    sentences = f"The model's loss is {abs(ratio - 1):.1%} {word} the naive forecast's"
    assert found.headline == f"{sentences}, but over 8 test windows that could be chance."
    assert "too few" not in " ".join(found.sentences)
    assert found.tone == "neutral"


@pytest.mark.parametrize(
    ("count", "named", "least"), [(1, "1 test window", "100.0%"), (4, "4 test windows", "12.5%"), (5, "5 test windows", "6.2%")]
)
def test_too_few_windows_are_reported_with_the_number_that_is_enough(count: int, named: str, least: str) -> None:
    found = verdict(ReportBundle.of_item(item(), forecasts(8.0, count=count)))
    few = f"{named} {'is' if count == 1 else 'are'} too few to rule out chance"
    assert found.headline.endswith(f"above the naive forecast's, but {few}; set testWindows to 6 or more.")
    sentences = " ".join(found.sentences)
    assert f"With {named} this figure is at least {least} for any forecast" in sentences
    assert "testWindows of 6 or more" in sentences
    assert found.tone == "neutral"


def test_windows_without_actual_values_do_not_count_among_those_that_can_tell() -> None:
    report = forecasts(8.0, count=6)
    assert "too few" not in verdict(ReportBundle.of_item(item(), report)).headline
    report["windows"][0]["target_actual"] = [None] * 6
    assert "5 test windows are too few" in verdict(ReportBundle.of_item(item(), report)).headline


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
    assert "(ratio 1.000; lower is better)" in sentences


def test_coverage_counts_observed_steps() -> None:
    report = forecasts()
    scores = window_scores(report)
    assert coverage(scores) == sum(score.inside for score in scores) / 15
    assert nominal_coverage(report) == pytest.approx(0.8)
    assert f"The outer band contains {coverage(scores):.0%} of the actual values; it should contain 80%" in words(0.9)[2]


@pytest.mark.parametrize(("outcome", "text"), [("Registered", "is registered ("), ("NotRegistered", "it is not registered")])
def test_the_gates_figures_are_told(outcome: str, text: str) -> None:
    sentences = words(1.0, Outcome=outcome)[2]
    assert text in sentences
    assert "(loss 1.1111, threshold 1.2345)" in sentences


def test_a_failed_execution_tells_its_reason() -> None:
    found = verdict(ReportBundle.of_item(item(Status="Failed", FailureReason="no asset"), None))
    assert (found.tone, found.headline, found.sentences) == ("bad", "The execution failed.", ("no asset",))
    assert not found.judges_model


def test_without_forecasts_nothing_is_claimed() -> None:
    found = verdict(ReportBundle.of_item(item(Status="Executing", Outcome=None), None))
    assert (found.tone, found.headline, found.judges_model) == ("neutral", "Executing: no verdict yet.", False)
    assert verdict(ReportBundle.of_item(item(), forecasts())).judges_model


def test_windows_without_any_observation_have_no_score() -> None:
    report = forecasts()
    report["windows"][0]["target_actual"] = [None] * 6
    first, second, _ = window_scores(report)
    assert (first.loss, first.ratio, first.observed) == (None, None, 0)
    assert second.loss is not None
    assert verdict(ReportBundle.of_item(item(), report)).headline
