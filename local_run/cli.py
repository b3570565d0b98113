"""Commands of the embedded default."""

from __future__ import annotations

import json
import os
import queue
import signal
import threading
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from contracts.display import printable
from contracts.outputs import STACK_OUTPUTS_VARIABLE
from contracts.price_format import DATE_COLUMN, PRICE_COLUMN
from contracts.problems import check_output_folder, one_problem, reported
from contracts.status import SUCCEEDED
from contracts.tables import ExecutionAttribute
from local_run.deepar.cli import app as deepar_app
from local_run.deepar.config import LARGEST_SEED
from local_run.durations import read_duration, read_speed
from runs.overrides import parse_overrides
from runs.price_options import DateColumn, Decimal, Delimiter, PriceColumn, Timezone, chosen_format

if TYPE_CHECKING:
    from local_run.live import LiveView
    from local_run.session import Session

CONSOLE = Console()

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help=(
        "The whole project on this machine: the Pulumi program deployed onto an AWS emulator inside one process, where the "
        "deployed pipeline really runs. Needs no AWS account, no Docker and no Pulumi CLI."
    ),
)
app.add_typer(deepar_app, name="deepar")

StackName = Annotated[str, typer.Option("--stack", help="Which Pulumi.<stack>.yaml to deploy.")]
Settings = Annotated[list[str] | None, typer.Option("--config", help="key=value over the stack's file; repeatable.")]
Parameters = Annotated[list[str] | None, typer.Option("--set", help="name=value of a pipeline parameter; repeatable.")]
Seed = Annotated[
    int | None,
    typer.Option(
        "--seed", help="Seed of the DeepAR stand-in's trainings; by default always the same.", min=0, max=LARGEST_SEED
    ),
]
Docker = Annotated[bool, typer.Option("--docker", help="Build the image by the Docker daemon; run our steps in it.")]


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder for the report and the picture.")] = Path("out"),
    overrides: Parameters = None,
    stack: StackName = "local",
    config: Settings = None,
    docker: Docker = False,
    seed: Seed = None,
) -> None:
    """Deploy, train on six real price histories, and compare the forecasts with those of the best baseline.

    Writes <out>/<execution>/report.html and forecast.png. Exits 1 where the execution does not succeed.
    """
    from local_run.demo import run_demo

    # Asked to end, it ends what it started: jobs are processes and containers of their own.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with reported():
        check_output_folder("--out", out)
        run_demo(CONSOLE, out, stack, _config(config), parse_overrides(overrides or []), docker, seed)


@app.command()
def up(
    port: Annotated[int, typer.Option(help="Loopback port of the AWS endpoint; 0 takes a free one.", min=0, max=65535)] = 0,
    out: Annotated[Path, typer.Option(help="Folder for the stack's outputs.")] = Path("out"),
    stack: StackName = "local",
    config: Settings = None,
    samples: Annotated[bool, typer.Option(help="Store the sample prices and the demo template.")] = True,
    docker: Docker = False,
    seed: Seed = None,
    clock: Annotated[
        str, typer.Option(help="How fast time passes for schedules: 1x, up to 3600x, or off.", metavar="SPEED")
    ] = "1x",
    empty: Annotated[bool, typer.Option("--empty", help="Deploy nothing: for a `pulumi up` with the Pulumi CLI.")] = False,
) -> None:
    """Deploy and keep emulator and runner in the foreground; ends with Ctrl-C.

    In a second terminal, after the printed exports, `python -m runs` works on it exactly as on AWS.
    """
    from local_run.demo import store_samples
    from local_run.docker_image import docker_options
    from local_run.emulator.options import Options
    from local_run.live import LiveView
    from local_run.second_terminal import print_exports, print_for_pulumi
    from local_run.session import PROJECT, deployed_session, empty_account
    from stack_config import read_stack_config

    view, ended = LiveView(CONSOLE), threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with reported(), view.showing():
        check_output_folder("--out", out)
        speed = read_speed(clock)
        backend, builder = docker_options(PROJECT) if docker else (None, None)
        options = Options.seeded(seed)
        if empty:
            region = str(read_stack_config(PROJECT, stack, _config(config)).region)
            with empty_account(region, port=port, on_progress=view.show, options=options, backend=backend) as (emulator, _):
                print_for_pulumi(CONSOLE, emulator, stack)
                ended.wait()
            return
        with deployed_session(
            stack,
            _config(config),
            port=port,
            on_progress=view.show,
            options=options,
            backend=backend,
            image_builder=builder,
        ) as session:
            view.deployed(session.deployment.seconds)
            if samples:
                store_samples(session.stack)
            outputs = _write_outputs(out / stack, session.outputs.exported())
            variables = session.emulator.environment("user") | {STACK_OUTPUTS_VARIABLE: str(outputs)}
            print_exports(CONSOLE, variables, "python -m runs start demo")
            if speed:
                session.sagemaker.clock.run(speed)
            try:
                _serve(session, view, ended)
            finally:
                outputs.unlink(missing_ok=True)  # what it names is gone


@app.command()
def advance(
    duration: Annotated[str, typer.Argument(help="How much time passes: 30m, 12h, 7d …, at most 366d.")],
) -> None:
    """Let time pass on a running emulator: fire every schedule and rule that becomes due, in order.

    Each waits until what the one before it started has ended. Needs the variables that `up` prints.
    """
    from local_run.emulator.advance import advanced

    with reported():
        done = advanced(os.environ, read_duration(duration))
        for one in done["fired"]:
            CONSOLE.print(f"{one['due'][:16].replace('T', ' ')} UTC  {printable(one['name'])}", markup=False, highlight=False)
        CONSOLE.print(
            f"{len(done['fired'])} times fired; it is {done['now'][:16].replace('T', ' ')} UTC there", highlight=False
        )


def _serve(session: Session, view: LiveView, ended: threading.Event) -> None:
    """Name the command for the report of each successful execution, until ``ended`` is set."""
    from runs.store import execution_store

    while not ended.is_set():
        try:
            arn, status = view.ended.get(timeout=0.5)
        except queue.Empty:
            continue
        item = execution_store(session.stack).find(arn) if status == SUCCEEDED else None
        if item is not None:
            view.finish("Report", f"`python -m runs report {item[ExecutionAttribute.ID]}` draws the forecasts and their scores")


@app.command()
def features(
    assets: Annotated[Path, typer.Option(help="Folder with <ASSET>.csv (Date, Close).")],
    template: Annotated[Path, typer.Option(help="Training template, JSON.")],
    out: Annotated[Path, typer.Option(help="Folder for what the step writes.")],
    until: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Sees only rows up to this day.")] = None,
    delimiter: Delimiter = ",",
    decimal: Decimal = "",
    date_column: DateColumn = DATE_COLUMN,
    price_column: PriceColumn = PRICE_COLUMN,
    timezone: Timezone = "",
) -> None:
    """Run the pipeline's feature step on a folder of prices, without the emulator, and show a summary of the features."""
    from fe_image.offline import run_features

    with reported():
        check_output_folder("--out", out)
        price_format = chosen_format(delimiter, decimal, date_column, price_column, timezone)
        summary = run_features(assets, template, out, until, price_format)
        table = Table("what", "value", show_header=False)
        for row in summary.rows():
            table.add_row(*row)
        CONSOLE.print(table)
        for note in summary.notes:
            CONSOLE.print(note, markup=False, highlight=False)


@app.command()
def samples(out: Annotated[Path, typer.Option(help="Folder for <ASSET>.csv.")]) -> None:
    """Write the six real price histories of the demo as <ASSET>.csv (Date, Close), and say where each comes from.

    They are what `features` and `runs assets put` take. A file of the same name with other content is left, and refused.
    """
    from local_run.sample_data import SOURCES, write_samples

    with reported():
        check_output_folder("--out", out)
        for asset, path in write_samples(out).items():
            CONSOLE.print(f"{path}  {SOURCES[asset]}", markup=False, highlight=False, soft_wrap=True)


def _config(texts: list[str] | None) -> dict[str, object]:
    """``key=value`` texts; a key without a namespace is one of the program's own."""
    values: dict[str, object] = {}
    for text in texts or []:
        key, equals, value = text.partition("=")
        if not key or not equals:
            raise one_problem("command line", "--config", text, "allowed: key=value")
        values[key if ":" in key else f"model-training:{key}"] = value
    return values


def _write_outputs(folder: Path, exported: dict[str, str]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = (folder / "outputs.json").resolve()
    path.write_text(json.dumps(exported, indent=2) + "\n")
    return path
