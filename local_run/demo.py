"""The main job on the embedded default: deploy, store the samples, train, forecast the coming steps, show the forecast."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from contracts.layout import ExecutionLayout
from contracts.problems import Problem, ProblemsError
from contracts.status import REGISTERED, SUCCEEDED
from contracts.tables import ExecutionAttribute
from contracts.template import load_template
from local_run.docker_image import docker_options
from local_run.emulator.options import Options
from local_run.live import LiveView
from local_run.sample_data import SOURCES, write_samples
from local_run.session import PROJECT, Session, deployed_session
from pipeline_def.template.keys import example_values
from pipeline_def.template.render import render
from pipeline_def.template.text import read_template
from runs import assets, begin, templates, views
from runs.cli_forecasts import forecast_table
from runs.forecasting import published, start_forecast
from runs.overrides import override_problems
from runs.pipeline_start import Started
from runs.price_files import read_price_files
from runs.report.write import WrittenReport, write_report
from runs.stack import Stack
from runs.store import execution_store

TEMPLATE = PROJECT / "examples" / "templates" / "demo.json"
TIMEOUT_SECONDS = 1800


def run_demo(
    console: Console,
    out: Path,
    stack: str,
    config: Mapping[str, object],
    overrides: Mapping[str, str],
    docker: bool,
    seed: int | None = None,
) -> None:
    """Deploy, train, and forecast with the model if the gate registers it. Shows the coming forecast first, then the report.

    ``seed`` is that of the DeepAR stand-in.

    Raises:
        ProblemsError: an execution does not succeed.
    """
    _refuse_bad(overrides)
    view = LiveView(console, single=True)
    backend, builder = docker_options(PROJECT) if docker else (None, None)
    options = Options.seeded(seed)
    with (
        view.showing(),
        deployed_session(
            stack, config, on_progress=view.show, options=options, backend=backend, image_builder=builder
        ) as session,
    ):
        view.deployed(session.deployment.seconds)
        store_samples(session.stack)
        template_id = str(load_template(TEMPLATE).id)
        item = _ended(session, begin.start(session.stack, template_id, overrides=overrides))
        forecast = None
        if item.get(ExecutionAttribute.OUTCOME) == REGISTERED:
            forecast = published(session.stack, _ended(session, start_forecast(session.stack, template_id)))
        scores = _scores(session.stack, item[ExecutionAttribute.ID])
        written = write_report(session.stack, item[ExecutionAttribute.ID], out)
    _show(console, item, forecast, scores, written)


def _refuse_bad(overrides: Mapping[str, str]) -> None:
    """Check the overrides before anything is deployed. All stacks declare the same parameters."""
    definition = json.loads(render(read_template(), example_values()))
    problems = override_problems(overrides, definition)
    if problems:
        raise ProblemsError("demo", problems)


def store_samples(stack: Stack) -> None:
    """The six sample price histories and the demo template."""
    with tempfile.TemporaryDirectory() as folder:
        paths = write_samples(Path(folder))
        for asset, path in paths.items():
            assets.put(stack, read_price_files([path]), SOURCES[asset])
    templates.put(stack, load_template(TEMPLATE), replace=True)  # kept state may hold an earlier version of it


def _ended(session: Session, started: Started) -> dict[str, Any]:
    """The item of an execution after its end."""
    if not session.sagemaker.wait(started.pipeline_execution_arn, TIMEOUT_SECONDS):
        allowed = f"it was to end within {TIMEOUT_SECONDS} s"
        raise ProblemsError("demo", [Problem("execution", started.execution_id, allowed)])
    item = execution_store(session.stack).get(started.execution_id)
    if item is None or item[ExecutionAttribute.STATUS] != SUCCEEDED:
        reason = (item or {}).get(ExecutionAttribute.FAILURE_REASON, "its item is gone")
        raise ProblemsError("demo", [Problem(f"execution {started.execution_id}", (item or {}).get("Status"), str(reason))])
    return item


def _scores(stack: Stack, execution_id: str) -> dict[str, Any]:
    key = ExecutionLayout(execution_id).scores
    scores: dict[str, Any] = json.loads(stack.s3.get_object(Bucket=stack.outputs.models_bucket, Key=key)["Body"].read())
    return scores


def _show(
    console: Console,
    item: Mapping[str, Any],
    forecast: Mapping[str, Any] | None,
    scores: Mapping[str, Any],
    written: WrittenReport,
) -> None:
    console.print()
    if forecast is not None:
        console.print(forecast_table(forecast))
    for line in views.summary_lines(item):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    console.print(views.steps_table(item))
    console.print(scores_table(scores))
    for line in views.report_lines(written):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def scores_table(scores: Mapping[str, Any]) -> Table:
    """Return a table of the losses of the model and of every baseline on the test windows' prices; lower is better."""
    title = f"Test windows of {scores['asset']}: mean weighted quantile loss of prices"
    table = Table("forecast", "loss", "loss / best baseline's", title=title, title_justify="left")
    best = scores["bestBaseline"]
    losses = {name: found["price"]["test"]["predicted"]["mean_wQuantileLoss"] for name, found in scores["forecasters"].items()}
    for name, loss in sorted(losses.items(), key=lambda pair: (pair[1] is None, pair[1])):
        known = loss is not None and losses[best]
        label = f"{name} (best on the calibration windows)" if name == best else name
        table.add_row(label, "–" if loss is None else f"{loss:.5f}", f"{loss / losses[best]:.3f}" if known else "–")
    return table
