"""The forecast pipeline's last step: publishes the forecast as prices, and scores earlier forecasts."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, cast

from contracts import environment as names
from contracts import layout
from contracts.backtest import INDEX_FILE, RequestIndex
from contracts.problems import one_problem
from contracts.published_forecast import VERSION, PublishedForecast
from contracts.strict_json import parse
from contracts.tables import ExecutionAttribute, PredictionAttribute, series_key
from fe_image.container.step_environment import StepEnvironment
from fe_image.data.frequency import Frequency
from fe_image.data.prices import PriceHistory
from fe_image.evaluation.data import Actual, values_before_forecast
from fe_image.evaluation.responses import read_responses
from fe_image.execution_source import ForecastSource, forecast_source, read_snapshot_assets
from fe_image.files import write_files
from fe_image.forecast.files import forecast_files, history
from fe_image.forecast.fitted import FittedModel, read_fitted
from fe_image.forecast.prepare import check_training_range
from fe_image.forecast.publish import ComingForecast, coming_forecast
from fe_image.forecast.rows import known_values, prediction_item, scores_of
from fe_image.forecast.table import PredictionTable
from fe_image.requests import check_index
from fe_image.step import run_in_frame

log = logging.getLogger(__name__)
_MANIFEST_FILE = f"manifest/{layout.PUBLISH_MANIFEST_NAME}"


def run_step(execution_id: str, environment: Mapping[str, str]) -> int:
    """Run the step for an execution and return the exit code."""
    return run_in_frame("publication", "publish_log", _run, execution_id, environment)


def _run(where: StepEnvironment, item: Mapping[str, Any]) -> None:
    source = forecast_source(item, where.execution_id)
    template_id = _template_id(source, item)
    if where.prediction_table is None:
        raise one_problem("environment of the step", names.PREDICTION_TABLE, None, "the pipeline's definition sets it")
    histories, _ = read_snapshot_assets(source, where.assets)  # the preparing step logged the notes
    model = read_fitted(where.path(layout.INPUT_FITTED_DIR), source.model["Files"], source.template)
    actual = values_before_forecast(histories, source.template, model.trading_profile)
    made = _forecast(where, source, model, actual)
    forecast = _published(made, actual, source, template_id, where.execution_id)
    table = PredictionTable(where.prediction_table, where.region)
    # The table first: if a row cannot be written, the step fails and publishes no file; a retry writes the same rows again.
    _score_earlier(table, actual, histories, template_id)
    written = table.put([prediction_item(row, forecast) for row in forecast["rows"]])
    log.info("%d of %d rows written; the others have been scored already", written, len(forecast["rows"]))
    entries = write_files(where.outputs, layout.PUBLISH_OUTPUTS, _MANIFEST_FILE, where.execution_id, forecast_files(forecast))
    for name, entry in entries.items():
        log.info("%s: %d bytes", name, entry["size"])


def _forecast(where: StepEnvironment, source: ForecastSource, model: FittedModel, actual: Actual) -> ComingForecast:
    check_training_range(actual.grid, source.template, model)
    index = cast(RequestIndex, parse((where.path(layout.INPUT_REQUESTS_DIR) / INDEX_FILE).read_text()))
    check_index(index, source.template, actual.grid, "preparing")
    responses = read_responses(where.path(layout.INPUT_SAMPLES_DIR), index, "forecast")
    baseline = str(source.model["BestBaseline"])
    made = coming_forecast(actual, responses, model, baseline, where.test_quantiles, source.horizon)
    log.info("%d steps with trading after %s, for %d assets", len(made.times), made.cutoff, len(made.assets))
    return made


def _published(
    made: ComingForecast, actual: Actual, source: ForecastSource, template_id: str, execution_id: str
) -> PublishedForecast:
    template = source.template
    return {
        "version": VERSION,
        "execution_id": execution_id,
        "template": template_id,
        "asset": template.predicted_asset,
        "assets": list(made.assets),
        "unit": template.unit,
        "quantity": template.quantity,
        "cutoff": made.cutoff,
        "trained_until": template.end_training,
        "model_package": str(source.model["PackageArn"]),
        "frequency": template.time_freq,
        "baseline": str(source.model["BestBaseline"]),
        "history": history(actual),
        "rows": made.rows(),
    }


def _score_earlier(table: PredictionTable, actual: Actual, histories: Mapping[str, PriceHistory], template_id: str) -> None:
    """Add actual values and losses to the rows of earlier forecasts whose time has arrived in the prices."""
    frequency = Frequency.parse(actual.template.frequency)
    values = {asset: known_values(history, frequency, actual.grid) for asset, history in histories.items()}
    earlier = table.unscored((series_key(template_id, asset), max(known)) for asset, known in values.items())
    scores = [
        scored
        for asset, known in values.items()
        for scored in scores_of([row for row in earlier if row[PredictionAttribute.ASSET]["S"] == asset], known)
    ]
    written = table.score(scores)
    log.info("%d rows of earlier forecasts scored; %d have no actual value yet", written, len(earlier) - len(scores))


def _template_id(source: ForecastSource, item: Mapping[str, Any]) -> str:
    found = source.template.id or item.get(ExecutionAttribute.TEMPLATE_ID, {}).get("S")
    if not found:
        allowed = "allowed: the id of the model's template, which the rows of the prediction table have in their key"
        raise one_problem("execution", ExecutionAttribute.TEMPLATE_ID, None, allowed)
    return str(found)
