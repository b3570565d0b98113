"""Rows of the prediction table, and their scores once the actual value is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from contracts.published_forecast import ForecastRow, PublishedForecast
from contracts.snapshot import canonical_json
from contracts.strict_json import parse
from contracts.tables import PredictionAttribute as Attribute
from contracts.tables import row_key, series_key
from fe_image.data.frequency import Frequency, iso
from fe_image.data.grid import Grid
from fe_image.data.prices import PriceHistory
from fe_image.evaluation.losses import pinball

#: An item as DynamoDB's low-level client has it.
Item: TypeAlias = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Score:
    """An actual value and the mean quantile losses; the baseline's is None if the row has no forecast of it."""

    actual: float
    loss: float
    baseline_loss: float | None


def prediction_item(row: ForecastRow, forecast: PublishedForecast) -> Item:
    """Return the table's item of a row."""
    texts = {
        Attribute.SERIES: series_key(forecast["template"], row["asset"]),
        Attribute.ROW: row_key(row["time"], forecast["execution_id"]),
        Attribute.ASSET: row["asset"],
        Attribute.CUTOFF: row["cutoff"],
        Attribute.TIME: row["time"],
        Attribute.MEAN: repr(row["mean"]),
        Attribute.QUANTILES: canonical_json(row["quantiles"]),
        Attribute.UNIT: forecast["unit"],
        Attribute.MODEL_PACKAGE_ARN: forecast["model_package"],
        Attribute.EXECUTION_ID: forecast["execution_id"],
        Attribute.TRAINED_UNTIL: forecast["trained_until"],
    }
    if row["baseline_quantiles"]:
        texts[Attribute.BASELINE] = forecast["baseline"]
        texts[Attribute.BASELINE_QUANTILES] = canonical_json(row["baseline_quantiles"])
    return {name: {"S": text} for name, text in texts.items()}


def score(item: Item, actual: float) -> Score:
    """Return the score of an item: the mean over its levels of the evaluation's quantile loss, in the asset's unit."""
    baseline = item.get(Attribute.BASELINE_QUANTILES)
    other = None if baseline is None else mean_loss(parse(baseline["S"]), actual)
    return Score(actual, mean_loss(parse(item[Attribute.QUANTILES]["S"]), actual), other)


def mean_loss(quantiles: Mapping[str, float], actual: float) -> float:
    """Return the mean over the levels of 2 · max(τ · (y − q), (τ − 1) · (y − q))."""
    levels = [float(level) for level in quantiles]
    values = np.array(list(quantiles.values()), dtype=np.float64)[:, None]
    return float(pinball(np.array([actual]), values, levels).mean())


def known_values(history: PriceHistory, frequency: Frequency, grid: Grid) -> dict[str, float]:
    """Return an asset's own prices by the time of their step on the grid, also in steps in which other assets have none."""
    anchor = int(frequency.units(grid.times[:1])[0])
    times = iso(frequency.times(frequency.cells(history.times, anchor), anchor))
    return dict(zip(times, history.close.tolist(), strict=True))


def score_texts(found: Score) -> dict[str, str]:
    """Return the attributes of a score."""
    texts = {Attribute.ACTUAL: repr(found.actual), Attribute.LOSS: repr(found.loss)}
    return texts | ({} if found.baseline_loss is None else {Attribute.BASELINE_LOSS: repr(found.baseline_loss)})


def scores_of(items: Sequence[Item], values: Mapping[str, float]) -> list[tuple[Item, Score]]:
    """Return the items whose actual value is known, with their scores."""
    known = [(item, values.get(item[Attribute.TIME]["S"])) for item in items]
    return [(item, score(item, value)) for item, value in known if value is not None]
