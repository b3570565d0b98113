"""The evaluation step: joins the backtest's output with its requests, scores model and baselines, writes the gate's file."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from contracts import layout
from contracts.backtest import INDEX_FILE, RequestIndex
from contracts.environment import PREDICTION_TABLE
from contracts.manifest import ManifestEntry, file_entry, mismatches, parse_manifest
from contracts.problems import ProblemsError, one_problem
from contracts.strict_json import parse
from contracts.tables import ExecutionAttribute, series_key
from fe_image.container.step_environment import StepEnvironment
from fe_image.evaluation.data import actual_values
from fe_image.evaluation.evaluate import Evaluation, evaluate
from fe_image.evaluation.responses import read_responses
from fe_image.evaluation.write import write_evaluation
from fe_image.execution_source import item_source, read_snapshot_assets
from fe_image.forecast.champion import compare, scored_range
from fe_image.forecast.table import PredictionTable
from fe_image.requests import INDEX_PATH, check_index
from fe_image.step import run_in_frame

log = logging.getLogger(__name__)
_SUBJECT = "evaluation"
_TARGET, _SCALES = "evaluation/target.json", "evaluation/scales.json"


def run_step(execution_id: str, environment: Mapping[str, str]) -> int:
    """Run the step for an execution and return the exit code."""
    return run_in_frame("evaluation", "evaluation_log", _run, execution_id, environment)


def _run(where: StepEnvironment, item: Mapping[str, Any]) -> None:
    source = item_source(item, where.execution_id)
    fitted = verified_entries(where)
    histories, _ = read_snapshot_assets(source, where.assets)  # the feature step logged the notes
    target = parse(_fitted(where, _TARGET).read_text())
    index = cast(RequestIndex, parse((where.path(layout.INPUT_REQUESTS_DIR) / INDEX_FILE).read_text()))
    actual = actual_values(histories, source.template, target["trading_profile"])
    check_index(index, source.template, actual.grid, "feature")
    responses = read_responses(where.path(layout.INPUT_BACKTEST_DIR), index)
    found = evaluate(actual, responses, where.test_quantiles)
    champion = _champion(where, item, found)
    required = layout.UNREACHABLE_SKILL if source.is_ablation else -source.template.gate_margin
    entries = write_evaluation(found, where.outputs, where.execution_id, fitted, champion, required)
    for name, entry in entries.items():
        log.info("%s: %d bytes", name, entry["size"])
    log.info("skill %.4f against %s, required %.4f", found.skill.skill, found.skill.baseline, required)


def _champion(where: StepEnvironment, item: Mapping[str, Any], found: Evaluation) -> dict[str, Any]:
    """Return the comparison with the model that was approved when the execution started."""
    package = item.get(ExecutionAttribute.CHAMPION, {}).get("S")
    template_id = found.actual.template.id or item.get(ExecutionAttribute.TEMPLATE_ID, {}).get("S")
    if not package or not template_id:
        return compare(found, None, [])
    if where.prediction_table is None:
        raise one_problem("environment of the step", PREDICTION_TABLE, None, "the pipeline's definition sets it")
    series = series_key(template_id, found.actual.template.predicted_asset)
    rows = PredictionTable(where.prediction_table, where.region).between(series, *scored_range(found))
    champion = compare(found, package, rows)
    result = f"skill {champion['skill']:.4f} on {champion['values']} dates" if champion["compared"] else champion["reason"]
    log.info("champion %s: %s", package, result)
    return champion


def verified_entries(where: StepEnvironment) -> Mapping[str, ManifestEntry]:
    """Return the feature step's manifest after comparing it with the files that this step reads.

    Raises:
        ProblemsError: a file is missing or differs.
    """
    path = where.path(layout.INPUT_MANIFEST_DIR) / "manifest.json"
    try:
        entries = parse_manifest(path.read_bytes())
    except (OSError, ValueError) as error:
        allowed = f"allowed: the manifest that the feature step writes ({error})"
        raise one_problem(_SUBJECT, path.name, None, allowed) from error
    files = {
        INDEX_PATH: where.path(layout.INPUT_REQUESTS_DIR) / INDEX_FILE,
        _TARGET: _fitted(where, _TARGET),
        _SCALES: _fitted(where, _SCALES),
    }
    unlisted = [name for name in files if name not in entries]
    if unlisted:
        raise one_problem(_SUBJECT, path.name, unlisted, "the manifest of the feature step lists these files")
    found = {name: file_entry(file) for name, file in files.items() if file.is_file()}
    if problems := mismatches({name: entries[name] for name in files}, found):
        raise ProblemsError(_SUBJECT, problems)
    return entries


def _fitted(where: StepEnvironment, name: str) -> Path:
    return where.path(layout.INPUT_FITTED_DIR) / Path(name).name
