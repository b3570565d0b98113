"""The commands ``forecast`` and ``forecasts``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.table import Table

from contracts.display import printable
from contracts.published_forecast import FORECAST_CSV, FORECAST_JSON
from contracts.times import format_time
from runs import views
from runs.command_line import CONSOLE, Id, Outputs, TemplateId, aws_reported, print_line
from runs.forecasting import forecasts_of, published, published_text, start_forecast
from runs.listing import row_of
from runs.overrides import read_overrides
from runs.stack import Stack
from runs.waiting import wait_for


class Format(StrEnum):
    TABLE = "table"
    CSV = "csv"
    JSON = "json"


#: The published files, which hold all base assets.
_FILES = {Format.CSV: FORECAST_CSV, Format.JSON: FORECAST_JSON}


def add_forecast_commands(app: typer.Typer) -> None:
    """Add the commands to ``python -m runs``."""
    app.command()(forecast)
    app.command()(forecasts)


def forecast(
    template: TemplateId,
    model: Annotated[str | None, typer.Option(help="Model package; default: the newest approved one.")] = None,
    horizon: Annotated[int | None, typer.Option(help="Steps; default and maximum: the template's predictionLength.")] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the end and print the forecast.")] = False,
    output: Annotated[Format, typer.Option("--format", help="How --wait prints the forecast.")] = Format.TABLE,
    execution_id: Id = None,
    overrides: Annotated[list[str] | None, typer.Option("--set", help="name=value of a parameter; repeatable.")] = None,
    stack_outputs: Outputs = None,
) -> None:
    """Forecast the steps after the last price with an approved model. Repeating an --id does not start a second one."""
    with aws_reported():
        stack = Stack.load(stack_outputs)
        values, problems = read_overrides(overrides or [])
        started = start_forecast(
            stack,
            template,
            model_arn=model,
            horizon=horizon,
            execution_id=execution_id,
            overrides=values,
            problems=problems,
        )
        if wait:
            ended = wait_for(stack, started.execution_id)
            if output is Format.TABLE:
                CONSOLE.print(forecast_table(published(stack, ended)))
            else:
                print_line(published_text(stack, ended, _FILES[output]).rstrip())
            return
        for note in started.notes:
            print_line(f"note   {printable(note)}")
        print_line(f"{'started' if started.new else 'was started before:'} {started.execution_id}")


def forecast_table(found: Mapping[str, Any]) -> Table:
    """Return the coming steps of the predicted asset: the median and the edges of the 80 % band."""
    rows = [row for row in found["rows"] if row["asset"] == found["asset"]]
    unit = f" ({found['unit']})" if found.get("unit") else ""
    cutoff, times = _moments([found["cutoff"], *(row["time"] for row in rows)])
    title = f"{found['asset']}: {found['quantity']}{unit} after {cutoff}, model trained until {found['trained_until']}"
    table = Table(title=printable(title), title_justify="left")
    levels = list(rows[0]["quantiles"]) if rows else []
    shown = [min(levels, key=lambda level: abs(float(level) - wanted)) for wanted in (0.1, 0.5, 0.9) if levels]
    table.add_column("time")
    for level in shown:
        table.add_column("median" if float(level) == 0.5 else f"{float(level):.0%} quantile", justify="right")
    for time, row in zip(times, rows, strict=True):
        table.add_row(time, *(f"{row['quantiles'][level]:,.6g}" for level in shown))
    return table


def _moments(texts: Sequence[str]) -> tuple[str, list[str]]:
    """The cutoff and the times; only dates if all of them are."""
    moments = [datetime.fromisoformat(text) for text in texts]
    first, *others = (format_time(moment, *moments) for moment in moments)
    return first, others


def forecasts(template: TemplateId, stack_outputs: Outputs = None) -> None:
    """List the forecasts of a template, newest first."""
    with aws_reported():
        CONSOLE.print(views.executions_table([row_of(item) for item in forecasts_of(Stack.load(stack_outputs), template)]))
