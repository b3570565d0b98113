"""The commands ``endpoint`` and ``predict``."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from contracts.display import printable
from contracts.tables import EndpointAttribute
from contracts.times import stored_time
from runs import endpoints, views
from runs.cli_forecasts import Format
from runs.command_line import CONSOLE, Outputs, Package, aws_reported, print_line
from runs.formatting import format_duration
from runs.prediction import LEVELS, Prediction, predict
from runs.stack import Stack

endpoint_app = typer.Typer(no_args_is_help=True, help="Endpoints that answer requests for a limited time: up, down, list.")

Name = Annotated[str, typer.Argument(help="Name of the endpoint, as `endpoint up` prints it.")]
Life = Annotated[str, typer.Option("--for", help="How long it exists: 15m to 7d, such as 30m, 2h or 1d.")]


def add_endpoint_commands(app: typer.Typer) -> None:
    """Add the commands to ``python -m runs``."""
    app.add_typer(endpoint_app, name="endpoint")
    app.command("predict")(predict_command)


@endpoint_app.command("up")
def up(
    package: Package,
    life: Life,
    instance_type: Annotated[str, typer.Option(help="Its only instance.")] = endpoints.DEFAULT_INSTANCE_TYPE,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until it answers requests.")] = False,
    stack_outputs: Outputs = None,
) -> None:
    """Create an endpoint with an approved model. It costs money until it is deleted; the clean-up does so within an hour of
    the end of its time.
    """
    with aws_reported():
        stack = Stack.load(stack_outputs)
        created = endpoints.create(stack, package, life, instance_type)
        print_line(f"endpoint {created.name}")
        print_line(f"deleted after {_minute(created.delete_after)}, or by `runs endpoint down {created.name}`")
        if wait:
            endpoints.wait_in_service(stack, created.name)
            print_line(f"status   {endpoints.IN_SERVICE}")


@endpoint_app.command("down")
def down(name: Name, stack_outputs: Outputs = None) -> None:
    """Delete an endpoint with its configuration and its model object. The version in the registry stays."""
    with aws_reported():
        deleted = endpoints.delete(Stack.load(stack_outputs), name)
        print_line(f"{'deleted' if deleted else 'was deleted before:'} {printable(name)}")


@endpoint_app.command("list")
def list_endpoints(
    template: Annotated[str | None, typer.Argument(help="Only those with a model of this template.")] = None,
    stack_outputs: Outputs = None,
) -> None:
    """List the endpoints that are not deleted yet, the next one to be deleted first."""
    with aws_reported():
        table = Table("endpoint", "status", "template", "instance", "deleted after", "time left", "model package", "problem")
        listed = list(endpoints.endpoints(Stack.load(stack_outputs), template))
        table.columns[0].min_width = max((len(printable(found.name)) for found in listed), default=0)  # to be copied
        for found in listed:
            row = found.row
            cells = (row.get(EndpointAttribute.TEMPLATE_ID), row.get(EndpointAttribute.INSTANCE_TYPE))
            times = (_minute(found.delete_after), _time_left(found.delete_after))
            others = (row.get(EndpointAttribute.MODEL_PACKAGE_ARN), row.get(EndpointAttribute.PROBLEM, ""))
            table.add_row(*(views.cell(value) for value in (found.name, found.status, *cells, *times, *others)))
        CONSOLE.print(table)


def predict_command(
    name: Name,
    horizon: Annotated[int | None, typer.Option(help="Steps; default and maximum: the template's predictionLength.")] = None,
    request: Annotated[
        Path | None, typer.Option("--request", help="JSON Lines with DeepAR requests; default: those of the latest forecast.")
    ] = None,
    output: Annotated[Format, typer.Option("--format", help="The table has the predicted asset; csv and json have all.")] = (
        Format.TABLE
    ),
    stack_outputs: Outputs = None,
) -> None:
    """Ask an endpoint for the steps after the last price of the model's latest forecast.

    It prints quantiles of the target as the model knows it, such as log returns. `runs forecast` prints prices.
    """
    with aws_reported():
        made = predict(Stack.load(stack_outputs), name, file=request, horizon=horizon)
        if output is Format.TABLE:
            CONSOLE.print(prediction_table(made))
        else:
            print_line(prediction_csv(made) if output is Format.CSV else json.dumps(prediction_data(made), indent=2))


def prediction_table(made: Prediction) -> Table:
    """Return the rows of the predicted asset: the median and the edges of the 80 % band."""
    title = f"{made.target}, by version {made.model.version} for the requests of {made.source}"
    table = Table(title=printable(title), title_justify="left")
    for column in ("asset", "time"):
        table.add_column(column)
    shown = ("0.1", "0.5", "0.9")
    for level in shown:
        table.add_column("median" if level == "0.5" else f"{float(level):.0%} quantile", justify="right")
    for row in made.predicted:
        table.add_row(row.asset, row.time, *(f"{row.quantiles[level]:,.6g}" for level in shown))
    return table


def prediction_csv(made: Prediction) -> str:
    """Return all rows as CSV: ``asset,time,mean,q0.025,…``."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["asset", "time", "mean", *(f"q{level}" for level in LEVELS)])
    for row in made.rows:
        writer.writerow([row.asset, row.time, row.mean, *(row.quantiles[level] for level in LEVELS)])
    return text.getvalue().rstrip()


def prediction_data(made: Prediction) -> dict[str, Any]:
    """Return everything as JSON values."""
    return {
        "endpoint": made.endpoint,
        "modelPackage": made.model.arn,
        "template": made.model.template["id"],
        "transform": made.model.template["targetTransform"],
        "target": made.target,
        "requests": made.source,
        "rows": [{"asset": row.asset, "time": row.time, "mean": row.mean, "quantiles": row.quantiles} for row in made.rows],
    }


def _minute(text: str) -> str:
    moment = stored_time(text)
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else text


def _time_left(text: str) -> str:
    moment = stored_time(text)
    return format_duration(max(0.0, (moment - datetime.now(UTC)).total_seconds())) if moment else ""
