"""The words of the verdict follow the figures."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runs.report import Files, Verdict, verdict
from tests.report.support import bundle, coming, files, scores


def of(found: dict[str, Any] | None, **changes: Any) -> Verdict:
    return verdict(bundle(files(scores=found), **changes))


@pytest.mark.parametrize(
    ("skill", "interval", "windows", "tone", "headline"),
    [
        (
            0.2,
            (0.1, 0.3),
            8,
            "good",
            "The model forecasts sp500 better than the best simple forecast, “drift”: its error is 20.0 % lower.",
        ),
        (
            -0.2,
            (-0.4, -0.1),
            8,
            "bad",
            "The model forecasts sp500 worse than the simple forecast “drift”: its error is 20.0 % higher. "
            "Use “drift” instead.",
        ),
        (
            -0.069,
            (-0.3, 0.1),
            8,
            "neutral",
            "The model adds nothing to the simple forecast “drift”: over 8 test windows, its error is 6.9 % higher.",
        ),
        (
            0.05,
            (-0.1, 0.2),
            8,
            "neutral",
            "The model has not been shown to beat the simple forecast “drift”: its error is 5.0 % lower, but over 8 test "
            "windows that could be chance.",
        ),
        (
            0.3,
            (0.2, 0.4),
            5,
            "neutral",
            "The model has not been shown to beat the simple forecast “drift”: its error is 30.0 % lower, but 5 test windows "
            "are too few to tell.",
        ),
        (
            0.3,
            None,
            1,
            "neutral",
            "The model has not been shown to beat the simple forecast “drift”: its error is 30.0 % lower, but 1 test window is "
            "too few to tell.",
        ),
        (0.005, (-0.1, 0.1), 8, "neutral", "The model adds nothing: the simple forecast “drift” is just as good for sp500."),
    ],
)
def test_the_headline_judges_the_skill_against_the_best_baseline(
    skill: float, interval: tuple[float, float] | None, windows: int, tone: str, headline: str
) -> None:
    found = of(scores(skill, interval, windows))
    assert (found.tone, found.headline, found.judges_model) == (tone, headline, True)


@given(skill=st.floats(-5, 1), low=st.floats(-6, 1), high=st.floats(-6, 1), windows=st.integers(1, 100), wins=st.floats(0, 1))
def test_no_verdict_praises_a_model_that_could_be_worse(
    skill: float, low: float, high: float, windows: int, wins: float
) -> None:
    stored = scores(skill, (min(low, high), max(low, high)), windows)
    stored["skill"]["winRate"] = wins
    found = of(stored)
    if found.tone == "good":
        assert min(low, high) > 0
        assert windows >= 6
    if skill <= 0:
        assert "better than" not in found.headline


def test_the_sentences_tell_prices_percentages_interval_and_wins() -> None:
    words = " ".join(of(scores(0.2, (0.1, 0.3))).sentences)
    assert "the model's median misses the price by 1.60 USD (1.6 %), the simple forecast's by 2.00 USD (2.0 %)" in words
    assert "+20.0 %, 95 % interval +10.0 % to +30.0 %" in words
    assert "The model wins 62 % of 8 test windows" in words


@pytest.mark.parametrize(
    ("covered", "interval", "said"),
    [
        (0.7, (0.6, 0.79), "it is too narrow"),
        (0.95, (0.9, 1.0), "it is too wide"),
        (0.71, (0.62, 0.81), "the difference from 80 % could be chance"),
    ],
)
def test_a_band_is_called_too_narrow_only_if_its_interval_says_so(
    covered: float, interval: tuple[float, float], said: str
) -> None:
    words = " ".join(of(scores(covered=covered, interval_of_coverage=interval)).sentences)
    assert f"contains {covered:.0%}".replace("%", " %") in words
    assert said in words


def test_coverage_without_an_interval_is_told_without_a_judgement() -> None:
    words = " ".join(of(scores(interval_of_coverage=None)).sentences)
    assert "80 % band contains 75 % of the actual values." in words


def test_a_rejected_model_is_told_why_by_how_much_and_what_to_do() -> None:
    words = " ".join(of(scores(-0.069, (-0.3, 0.1)), Outcome="NotRegistered", GateMetric="-0.069").sentences)
    assert (
        "rejected the model, so it is not registered (skill -6.9 %, required -5.0 %); it is 1.9 percentage points short"
        in words
    )
    assert "What to do: train longer" in words


def test_a_registered_model_tells_what_it_passed() -> None:
    words = " ".join(of(scores()).sentences)
    assert "passed the quality gate and is registered (skill +10.0 %, required -5.0 %)" in words


@pytest.mark.parametrize("stored", [None, "nan", "text"])
def test_figures_that_the_item_lacks_come_from_the_gates_file(stored: str | None) -> None:
    assert "(skill +10.0 %, required -5.0 %)" in " ".join(of(scores(), GateMetric=stored, GateThreshold=stored).sentences)


def test_a_failed_execution_tells_its_reason() -> None:
    found = of(None, Status="Failed", FailureReason="no asset")
    assert (found.tone, found.headline, found.sentences) == ("bad", "The execution failed.", ("no asset",))
    assert not found.judges_model


def test_without_scores_nothing_is_claimed() -> None:
    found = of(None, Status="Executing", Outcome=None)
    assert (found.tone, found.headline, found.judges_model) == ("neutral", "Executing: no verdict yet.", False)
    assert not of(scores(windows=0)).judges_model


def test_an_execution_that_only_forecasts_is_headed_by_its_forecast() -> None:
    found = verdict(bundle(Files(coming=coming()), Outcome=None))
    expected = "sp500 is expected at 100.00 USD on 2020-02-03; 80 % band: 96.16 to 103.84 USD."
    assert (found.headline, found.judges_model) == (expected, False)
