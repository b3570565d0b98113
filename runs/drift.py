"""Drift: the skill of a template's last scored forecasts against the best baseline of their model's evaluation.

A forecast counts as scored once a row of its last time, or of a later time, has an actual value. All of its rows that can be
scored have their scores then; rows without a price, such as holidays, never get one. Of several forecasts after the same price
only the last one counts. Only forecasts of the newest approved model count, because that is what a forecast uses unless told
otherwise: a new model begins anew, and a forecast with an older one, made by hand, changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from boto3.dynamodb.conditions import Key

from contracts.drift import DriftRule
from contracts.metrics import bounded_skill
from contracts.tables import PREDICTION, PredictionAttribute, TemplateAttribute, series_key
from runs.models import champion
from runs.stack import Stack

Row = Mapping[str, Any]
_PAGE_ROWS = 500


@dataclass(frozen=True)
class ScoredForecast:
    """One forecast of the predicted asset. The losses are sums over its ``rows`` scored rows; times are ISO 8601."""

    execution_id: str
    model: str
    cutoff: str
    last: str
    rows: int
    loss: float
    baseline_loss: float

    @property
    def skill(self) -> float:
        """Skill of this forecast, as a fraction."""
        return bounded_skill(self.loss, self.baseline_loss)


@dataclass(frozen=True)
class Statement:
    """The forecasts that a rule looks at, newest first, all by ``model``; it is empty if the template has no approved model."""

    rule: DriftRule
    model: str
    forecasts: tuple[ScoredForecast, ...]

    @property
    def skill(self) -> float | None:
        """1 − Σ loss / Σ loss of the baseline over the rule's number of forecasts; None if fewer are scored."""
        if len(self.forecasts) < self.rule.forecasts:
            return None
        return bounded_skill(sum(one.loss for one in self.forecasts), sum(one.baseline_loss for one in self.forecasts))

    @property
    def is_drift(self) -> bool:
        """True if enough forecasts are scored and their skill is below the rule's."""
        return self.skill is not None and self.skill < self.rule.minimum_skill


def current_statement(stack: Stack, template: Row, rule: DriftRule) -> Statement:
    """Return the statement about a stored template's predicted asset. Reads the newest rows until it has enough forecasts."""
    model = champion(stack, str(template[TemplateAttribute.ID]))
    if model is None:
        return Statement(rule, "", ())
    content = json.loads(template[TemplateAttribute.TEMPLATE])
    series = series_key(str(template[TemplateAttribute.ID]), str(content["predictedAsset"]))
    wanted = ("TIME", "CUTOFF", "EXECUTION_ID", "MODEL_PACKAGE_ARN", "ACTUAL", "LOSS", "BASELINE_LOSS")
    names = {f"#a{place}": getattr(PredictionAttribute, name) for place, name in enumerate(wanted)}
    pages = stack.dynamodb.meta.client.get_paginator("query").paginate(
        TableName=stack.outputs.prediction_table,
        KeyConditionExpression=Key(PREDICTION.hash_key).eq(series),
        ProjectionExpression=", ".join(names),
        ExpressionAttributeNames=names,
        ScanIndexForward=False,
        ConsistentRead=True,
        PaginationConfig={"PageSize": _PAGE_ROWS},
    )
    return judge((page["Items"] for page in pages), rule, model.arn, str(model.template["endTraining"]))


def judge(pages: Iterable[Sequence[Row]], rule: DriftRule, model: str, trained_until: str) -> Statement:
    """Return the statement about a model's rows of one series, which come in pages, the latest time first.

    A forecast's rows are later than its cutoff, so all rows of a forecast with a cutoff at or after the last row that was read
    are known, and with enough of these no older row can change the statement. No forecast of the model is older than the end of
    its training (``trained_until``, ISO 8601).
    """
    rows: list[Row] = []
    for page in pages:
        rows += page
        if not page:
            continue
        since = str(page[-1][PredictionAttribute.TIME])
        if len((found := _statement(rows, rule, model, since)).forecasts) == rule.forecasts:
            return found
        if since < trained_until:
            break
    return _statement(rows, rule, model)


def _statement(rows: Sequence[Row], rule: DriftRule, model: str, since: str = "") -> Statement:
    """The statement from all rows of the forecasts with a cutoff at or after a time."""
    forecasts = [found for found in _forecasts(rows) if found.cutoff >= since]
    scored_until = max((str(row[PredictionAttribute.TIME]) for row in rows if PredictionAttribute.ACTUAL in row), default="")
    scored = [found for found in forecasts if found.model == model and found.rows and found.last <= scored_until]
    by_cutoff = {found.cutoff: found for found in reversed(scored)}
    return Statement(rule, model, tuple(by_cutoff[cutoff] for cutoff in sorted(by_cutoff, reverse=True)[: rule.forecasts]))


def _forecasts(rows: Sequence[Row]) -> list[ScoredForecast]:
    """All forecasts with rows among these, newest first; of those with one cutoff, the one with the last id first."""

    def identity(row: Row) -> tuple[str, str]:
        return str(row[PredictionAttribute.CUTOFF]), str(row[PredictionAttribute.EXECUTION_ID])

    groups = groupby(sorted(rows, key=identity, reverse=True), key=identity)
    return [_forecast(execution_id, cutoff, list(own)) for (cutoff, execution_id), own in groups]


def _forecast(execution_id: str, cutoff: str, rows: Sequence[Row]) -> ScoredForecast:
    scored = [row for row in rows if PredictionAttribute.BASELINE_LOSS in row]
    return ScoredForecast(
        execution_id,
        str(rows[0].get(PredictionAttribute.MODEL_PACKAGE_ARN, "")),
        cutoff,
        max(str(row[PredictionAttribute.TIME]) for row in rows),
        len(scored),
        sum(float(row[PredictionAttribute.LOSS]) for row in scored),
        sum(float(row[PredictionAttribute.BASELINE_LOSS]) for row in scored),
    )
