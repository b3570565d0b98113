"""The comparison with the champion's published forecasts, on the dates that both have forecast."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from contracts.metrics import level_name
from contracts.tables import PredictionAttribute as Attribute
from fe_image.data.frequency import iso
from fe_image.evaluation.evaluate import Evaluation, evaluate
from fe_image.evaluation.skill import LOWEST_SKILL
from fe_image.forecast.champion import NO_CHAMPION, NO_FORECAST, compare, scored_range
from fe_image.forecast.rows import Item
from tests.fe_image.evaluation.backtest import LEVELS, actual_of, returns_like_training, small
from tests.fe_image.support import walk

CHAMPION = "arn:aws:sagemaker:eu-central-1:123456789012:model-package/demo/3"


@pytest.fixture(scope="module")
def found() -> Evaluation:
    panel = walk(1, rows=340)
    actual = actual_of(panel, small(panel, 300, calibrationWindows=2, testWindows=2))
    return evaluate(actual, returns_like_training(actual), LEVELS)


def row(time: str, quantiles: dict[str, float], cutoff: str, package: str = CHAMPION) -> Item:
    texts = {
        Attribute.TIME: time,
        Attribute.CUTOFF: cutoff,
        Attribute.QUANTILES: json.dumps(quantiles),
        Attribute.MODEL_PACKAGE_ARN: package,
    }
    return {name: {"S": text} for name, text in texts.items()}


def published(found: Evaluation, widen: float = 1.0, **more: Any) -> list[Item]:
    """The new model's own forecasts as the champion's rows, with quantiles ``widen`` times as far from the median."""
    grid, rows = found.actual.grid, []
    for window in range(grid.calibration_windows, grid.windows):
        start = grid.window_start(window)
        values = found.model.price[found.actual.predicted, window]
        median = values[found.model.levels.index(0.5)]
        for step, time in enumerate(iso(grid.times[start : start + grid.prediction_length])):
            widened = median[step] + widen * (values[:, step] - median[step])
            quantiles = dict(zip(map(level_name, found.model.levels), widened.tolist(), strict=True))
            rows.append(row(time, quantiles, **{"cutoff": iso(grid.times[start - 1 : start])[0], **more}))
    return rows


def test_the_same_forecasts_have_no_skill_against_each_other(found: Evaluation) -> None:
    result = compare(found, CHAMPION, published(found))
    tests = found.actual.windows_of(found.actual.price)[found.actual.predicted, 2:]
    assert result["compared"] is True
    assert result["values"] == np.isfinite(tests).sum() > 0
    assert (result["skill"], result["winRate"], result["windows"]) == (0, 0.5, 2)
    assert result["loss"] == result["championLoss"]
    assert result["stepsAhead"] == result["championStepsAhead"]
    assert scored_range(found)[0] <= result["from"] < result["to"] <= scored_range(found)[1]


def test_the_skill_is_positive_against_a_champion_that_is_too_unsure(found: Evaluation) -> None:
    result = compare(found, CHAMPION, published(found, widen=10))
    assert result["loss"] < result["championLoss"]
    assert result["skill"] == pytest.approx(1 - result["loss"] / result["championLoss"])
    assert result["interval"][0] <= result["skill"] <= result["interval"][1]


def test_a_champion_that_knew_the_value_wins(found: Evaluation) -> None:
    actual, grid = found.actual.price[found.actual.predicted], found.actual.grid
    cell = next(cell for cell in range(grid.window_start(2), len(actual)) if np.isfinite(actual[cell]))
    time, cutoff = iso(grid.times[[cell, cell - 1]])
    quantiles = {level_name(level): float(actual[cell]) for level in found.model.levels}
    result = compare(found, CHAMPION, [row(time, quantiles, cutoff)])
    assert (result["values"], result["championLoss"], result["skill"]) == (1, 0, LOWEST_SKILL)
    assert (result["from"], result["to"]) == (time, time)
    assert result["championStepsAhead"] == 1


def test_only_levels_that_both_have_count(found: Evaluation) -> None:
    rows = published(found)
    for one in rows:
        quantiles = json.loads(one[Attribute.QUANTILES]["S"])
        one[Attribute.QUANTILES] = {"S": json.dumps({"0.5": quantiles["0.5"], "0.123": 1e9})}
    assert compare(found, CHAMPION, rows)["skill"] == 0


def test_of_several_forecasts_of_a_date_the_one_with_the_nearest_last_value_counts(found: Evaluation) -> None:
    earlier = iso(found.actual.grid.times[:1])[0]
    result = compare(found, CHAMPION, [*published(found, widen=10, cutoff=earlier), *published(found)])
    assert result["skill"] == 0
    assert compare(found, CHAMPION, published(found, cutoff=earlier))["championStepsAhead"] > result["championStepsAhead"]


def test_without_a_champion_or_its_forecasts_the_file_says_why(found: Evaluation) -> None:
    assert compare(found, None, []) == {"version": 1, "modelPackage": None, "compared": False, "reason": NO_CHAMPION}
    others = published(found, package=CHAMPION[:-1] + "2")
    assert compare(found, CHAMPION, others)["reason"] == NO_FORECAST
    before = iso(found.actual.grid.times[[0]])[0]
    assert compare(found, CHAMPION, [row(before, {"0.5": 1.0}, before)])["compared"] is False
