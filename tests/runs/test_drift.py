"""The skill over a template's last scored forecasts: which forecasts count, and what they say together."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from typer.testing import CliRunner

from contracts.drift import DriftRule, drift_rule
from contracts.metrics import LOWEST_SKILL
from runs import cli_drift, command_line
from runs.cli import app
from runs.drift import Statement, judge
from runs.drift_episodes import EpisodeStore
from runs.drift_notice import sentence
from runs.stack import Stack
from tests.fake_sagemaker import FakeSageMaker
from tests.predictions import MODEL, OTHER, Losses, day, forecast_rows, put_rows
from tests.runs.registry import register_model

TEMPLATE = {"id": "daily", "baseAssets": ["AAPL"], "predictedAsset": "AAPL", "endTraining": "2025-12-31"}
GOOD, BAD = (1.0, 2.0), (3.0, 2.0)


def newest_first(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: str(row["Row"]), reverse=True)


def statement(forecasts: Sequence[Sequence[dict[str, Any]]], count: int = 2, minimum: float = -0.1) -> Statement:
    rows = newest_first([row for rows in forecasts for row in rows])
    return judge([rows] if rows else [], DriftRule(count, minimum), MODEL, day(0))


def test_skill_is_of_the_sums_over_the_last_forecasts() -> None:
    found = statement([forecast_rows(1, [BAD, BAD]), forecast_rows(3, [(1, 2), (2, 2)]), forecast_rows(5, [(3, 2), (1, 4)])])
    assert [one.cutoff for one in found.forecasts] == [day(5), day(3)]
    assert found.skill == pytest.approx(1 - 7 / 10)
    assert not found.is_drift


@pytest.mark.parametrize(("minimum", "is_drift"), [(-0.5, False), (-0.49, True)])
def test_drift_is_a_skill_below_the_rules(minimum: float, is_drift: bool) -> None:
    assert statement([forecast_rows(1, [BAD])], 1, minimum).is_drift is is_drift


def test_one_forecast_is_named_in_the_singular() -> None:
    text = sentence(statement([forecast_rows(1, [BAD])], 1))
    assert text == "Skill -50.0% of the last scored forecast (after the price of 2026-01-02) is below the required -10.0%"


def test_fewer_scored_forecasts_make_no_statement() -> None:
    found = statement([forecast_rows(1, [BAD])])
    assert (found.skill, found.is_drift) == (None, False)
    assert sentence(found) == "No statement: 1 forecast is scored for the model in use; 2 are needed"


def test_a_forecast_counts_once_a_row_of_its_last_time_or_later_is_scored() -> None:
    open_, holiday = forecast_rows(3, [BAD, None]), forecast_rows(1, [GOOD, None])
    assert [one.cutoff for one in statement([holiday, open_]).forecasts] == [day(1)]
    assert [one.cutoff for one in statement([holiday, open_, forecast_rows(4, [BAD])]).forecasts] == [day(4), day(3)]


def test_no_row_from_before_the_end_of_the_model_s_training_is_read() -> None:
    old = forecast_rows(-30, [GOOD] * 3, model=OTHER)

    def pages() -> Iterator[list[dict[str, Any]]]:
        yield newest_first(forecast_rows(1, [BAD]))
        yield newest_first(old)
        raise AssertionError("a third page was read")

    assert [one.cutoff for one in judge(pages(), DriftRule(2), MODEL, day(0)).forecasts] == [day(1)]


def test_a_forecast_on_holidays_only_has_no_skill_and_does_not_count() -> None:
    assert [one.cutoff for one in statement([forecast_rows(1, [None]), forecast_rows(2, [GOOD])]).forecasts] == [day(2)]


def test_of_forecasts_after_the_same_price_the_last_counts() -> None:
    found = statement([forecast_rows(1, [BAD], name="a"), forecast_rows(1, [GOOD], name="b"), forecast_rows(0, [GOOD])])
    assert [one.execution_id for one in found.forecasts] == ["b", "daily-000-fs"]


def test_only_forecasts_of_the_model_in_use_count() -> None:
    rows = newest_first([*forecast_rows(1, [BAD]), *forecast_rows(2, [GOOD], model=OTHER)])
    for model, is_drift in ((MODEL, True), (OTHER, False)):
        found = judge([rows], DriftRule(1), model, day(0))
        assert ([one.model for one in found.forecasts], found.is_drift) == ([model], is_drift)


@pytest.mark.parametrize(("losses", "skill"), [((0.0, 0.0), 0.0), ((1.0, 0.0), LOWEST_SKILL)])
def test_a_baseline_without_any_error_gives_a_finite_skill(losses: Losses, skill: float) -> None:
    assert statement([forecast_rows(1, [losses])], 1).skill == skill


def some_losses() -> st.SearchStrategy[Losses]:
    figures = st.floats(0, 100, allow_nan=False)
    return st.none() | st.tuples(figures, figures)


FORECASTS = st.dictionaries(
    st.integers(0, 30),
    st.tuples(st.lists(some_losses(), min_size=1, max_size=6), st.sampled_from([MODEL, MODEL, OTHER])),
    max_size=12,
)


@given(FORECASTS, st.integers(1, 5), st.lists(st.integers(1, 7), max_size=20))
def test_the_statement_is_that_of_the_plain_definition_however_the_rows_are_paged(
    forecasts: dict[int, tuple[list[Losses], str]], count: int, sizes: list[int]
) -> None:
    rows = newest_first(
        [row for cutoff, (losses, model) in forecasts.items() for row in forecast_rows(cutoff, losses, model=model)]
    )
    pages, rest = [], list(rows)
    for size in sizes:
        pages, rest = [*pages, rest[:size]], rest[size:]
    found = judge([*pages, rest], DriftRule(count), MODEL, day(0))
    scored_days = [cutoff + step for cutoff, (all_, _) in forecasts.items() for step, one in enumerate(all_, 1) if one]
    counting = [
        cutoff
        for cutoff, (losses, model) in sorted(forecasts.items(), reverse=True)
        if model == MODEL and any(losses) and cutoff + len(losses) <= max(scored_days, default=0)
    ][:count]
    assert [one.cutoff for one in found.forecasts] == [day(cutoff) for cutoff in counting]
    if len(counting) < count:
        assert found.skill is None
    else:
        sums = [sum(one[side] for cutoff in counting for one in forecasts[cutoff][0] if one) for side in (0, 1)]
        expected = max(1 - sums[0] / sums[1], LOWEST_SKILL) if sums[1] else (LOWEST_SKILL if sums[0] else 0)
        assert found.skill == pytest.approx(expected)


def test_a_rule_is_read_from_a_stored_template() -> None:
    assert drift_rule({"drift": {"forecasts": 3, "minimumSkill": 0.5, "retrain": True}}) == DriftRule(3, 0.5, True)
    assert drift_rule({}) is drift_rule({"drift": None}) is None


@pytest.fixture
def runs(stack: Stack, sagemaker: FakeSageMaker, monkeypatch: pytest.MonkeyPatch) -> Any:
    register_model(stack, sagemaker)
    monkeypatch.setattr(cli_drift.Stack, "load", lambda path=None: stack)
    monkeypatch.setattr(cli_drift, "CONSOLE", Console(width=200))
    monkeypatch.setattr(command_line, "CONSOLE", cli_drift.CONSOLE)

    def run(**fields: Any) -> list[str]:
        item = {"Id": "daily", "Template": json.dumps(TEMPLATE | fields)}
        stack.dynamodb.Table(stack.outputs.template_table).put_item(Item=item)
        done = CliRunner().invoke(app, ["drift", "daily"])
        assert done.exit_code == 0, done.output
        return str(done.output).splitlines()

    return run


def test_the_command_prints_forecasts_statement_and_episode(stack: Stack, runs: Any) -> None:
    put_rows(stack, [row for cutoff in (1, 2, 3) for row in forecast_rows(cutoff, [BAD, None])])
    put_rows(stack, forecast_rows(4, [BAD]))
    rule = {"forecasts": 3, "minimumSkill": 0.05, "retrain": False}
    lines = runs(drift=rule)
    table = [line for line in lines if "daily-" in line]
    assert [[cell.strip() for cell in line.strip("│").split("│")] for line in table][0] == [
        "daily-004-fs", "2026-01-05", "2026-01-06", "1", "3", "2", "-50.0%",
    ]  # fmt: skip
    assert len(table) == 3
    skill = "drift   Skill -50.0% over the last 3 scored forecasts (after the prices of 2026-01-03 to 2026-01-05) is below the"
    assert f"{skill} required +5.0%" in lines
    assert f"model   {MODEL}" in lines
    EpisodeStore(stack, "daily").begin(MODEL, datetime(2026, 2, 1, tzinfo=UTC))
    assert "since   2026-02-01T00:00:00.000+00:00; the notice is not sent yet" in runs(drift=rule)


def test_the_command_uses_the_defaults_for_a_template_without_a_rule_and_says_so(stack: Stack, runs: Any) -> None:
    put_rows(stack, [row for cutoff in range(12) for row in forecast_rows(cutoff, [(1.05, 1.0)])])
    lines = runs()
    assert len([line for line in lines if "daily-" in line]) == DriftRule.forecasts
    assert any("is not below the required -10.0%" in line for line in lines)
    assert lines[-1].startswith("note    The template has no field drift")


def test_the_command_needs_no_forecast(runs: Any) -> None:
    assert "drift   No statement: 0 forecasts are scored for the model in use; 10 are needed" in runs()


def test_many_rows_are_read_in_pages(stack: Stack, runs: Any) -> None:
    put_rows(stack, [row for cutoff in range(60) for row in forecast_rows(cutoff, [(0.5, 1.0)] * 20)])
    lines = runs(drift={"forecasts": 50, "minimumSkill": 0, "retrain": False})
    assert len([line for line in lines if "daily-" in line]) == 50
    assert any("Skill +50.0% over the last 50 scored forecasts" in line for line in lines)
