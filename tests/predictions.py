"""Rows of the prediction table as the publishing step writes and scores them, on days of 2026."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from contracts.published_forecast import VERSION, ForecastRow, PublishedForecast
from fe_image.forecast.rows import Score, prediction_item, score_texts
from runs.stack import Stack

MODEL = "arn:aws:sagemaker:eu-central-1:123456789012:model-package/group/1"
OTHER = "arn:aws:sagemaker:eu-central-1:123456789012:model-package/group/2"
#: Loss and baseline's loss of a row, or None for a row without an actual value.
Losses = tuple[float, float] | None


def day(number: int) -> str:
    return (datetime(2026, 1, 1) + timedelta(days=number)).isoformat(" ")


def forecast_rows(
    cutoff: int, losses: Sequence[Losses], *, name: str = "", model: str = MODEL, template: str = "daily"
) -> list[dict[str, str]]:
    """One row for each day after the cutoff."""
    times = [day(cutoff + step) for step, _ in enumerate(losses, start=1)]
    rows: list[ForecastRow] = [
        {
            "asset": "AAPL",
            "cutoff": day(cutoff),
            "time": time,
            "mean": 1.0,
            "quantiles": {"0.5": 1.0},
            "baseline_quantiles": {"0.5": 1.0},
        }
        for time in times
    ]
    published: PublishedForecast = {
        "version": VERSION,
        "execution_id": name or f"{template}-{cutoff:03d}-fs",
        "template": template,
        "asset": "AAPL",
        "assets": ["AAPL"],
        "unit": "USD",
        "quantity": "price",
        "cutoff": day(cutoff),
        "trained_until": day(0),
        "model_package": model,
        "frequency": "1D",
        "baseline": "drift",
        "history": {},
        "rows": rows,
    }
    items = [{key: text["S"] for key, text in prediction_item(row, published).items()} for row in rows]
    scores = [{} if found is None else score_texts(Score(1.0, *found)) for found in losses]
    return [item | added for item, added in zip(items, scores, strict=True)]


def put_rows(stack: Stack, rows: Iterable[dict[str, str]]) -> None:
    with stack.dynamodb.Table(stack.outputs.prediction_table).batch_writer() as batch:
        for row in rows:
            batch.put_item(Item=row)
