"""Commands of the executions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from botocore.exceptions import BotoCoreError, ClientError

from contracts.ids import check_execution_id
from contracts.outputs import STACK_OUTPUTS_VARIABLE
from contracts.problems import check_output_folder, needs_extra, one_problem, reported
from contracts.tables import TemplateAttribute
from contracts.template import load_template, notes
from runs import assets, begin, templates, views
from runs.overrides import read_overrides
from runs.stack import Stack

CONSOLE = views.console()

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help=(
        "Start and follow executions of a deployed stack.\n\n"
        f"The stack is found by {STACK_OUTPUTS_VARIABLE}: a file made by `pulumi stack output --json`. "
        "AWS_ENDPOINT_URL points the same commands at `python -m local_run up`."
    ),
)
assets_app = typer.Typer(no_args_is_help=True, help="Price histories: <ASSET>.csv with the columns Date and Close.")
template_app = typer.Typer(no_args_is_help=True, help="Training templates: what to predict, from which assets and features.")
app.add_typer(assets_app, name="assets")
app.add_typer(template_app, name="template")

Id = Annotated[str | None, typer.Option("--id", help="The execution's id; made from the template's if left out.")]
Overrides = Annotated[list[str] | None, typer.Option("--set", help="name=value of a pipeline parameter; repeatable.")]
Execution = Annotated[str, typer.Argument(help="The execution's id, as `start` prints it and `list` shows it.")]
TemplateFile = Annotated[Path, typer.Argument(help="Training template, JSON.")]
TemplateId = Annotated[str, typer.Argument(help="Id of a stored template.")]
ShowLog = Annotated[bool, typer.Option("--log", help="Also show the end of the feature step's log; training's is not in it.")]
Outputs = Annotated[Path | None, typer.Option("--stack-outputs", help=f"Instead of {STACK_OUTPUTS_VARIABLE}.")]


@contextmanager
def _reported() -> Iterator[None]:
    """What a user can mend, and what AWS refuses, as one message."""
    with reported():
        try:
            yield
        except ClientError as error:
            said = error.response.get("Error", {})
            raise one_problem("AWS", error.operation_name, said.get("Code"), str(said.get("Message"))) from error
        except BotoCoreError as error:
            raise one_problem("AWS", "connection", type(error).__name__, str(error)) from error


@assets_app.command("put")
def assets_put(
    files: Annotated[list[Path], typer.Argument(help="Files named <ASSET>.csv.")],
    source: Annotated[str, typer.Option(help="Where the prices come from.")] = "",
    stack_outputs: Outputs = None,
) -> None:
    """Check price histories and store them; nothing is stored unless all are right."""
    with _reported():
        checked = assets.read_price_files(files)
        done = assets.put(Stack.load(stack_outputs), checked, source)
        for file, put in zip(checked, done, strict=True):
            what = f"{file.asset}: {file.rows} rows, {file.first} to {file.last}"
            CONSOLE.print(views.put_line(put, what), markup=False, highlight=False, soft_wrap=True)
            if file.repeated:
                note = f"{file.repeated} rows repeat a date: a template must say data.duplicates first or last"
                CONSOLE.print(f"note   {file.asset}: {note}", highlight=False, soft_wrap=True)
            if file.missing:
                note = f"{file.missing} rows have no price: they are left out, up to a template's data.maxMissingShare"
                CONSOLE.print(f"note   {file.asset}: {note}", highlight=False, soft_wrap=True)


@assets_app.command("list")
def assets_list(stack_outputs: Outputs = None) -> None:
    """List the stored price histories."""
    with _reported():
        CONSOLE.print(views.assets_table(assets.stored(Stack.load(stack_outputs))))


@template_app.command("put")
def template_put(file: TemplateFile, stack_outputs: Outputs = None) -> None:
    """Validate a template and store it under its id."""
    with _reported():
        template = load_template(file)
        put = templates.put(Stack.load(stack_outputs), template)
        CONSOLE.print(views.put_line(put, f"template {template.id}"), markup=False, highlight=False, soft_wrap=True)


@template_app.command("list")
def template_list(stack_outputs: Outputs = None) -> None:
    """List the stored templates."""
    with _reported():
        CONSOLE.print(views.templates_table(templates.stored(Stack.load(stack_outputs))))


@template_app.command("show")
def template_show(template_id: TemplateId, stack_outputs: Outputs = None) -> None:
    """Print a stored template as JSON."""
    with _reported():
        item = begin.stored_template(Stack.load(stack_outputs), template_id)
        CONSOLE.print_json(json.dumps(json.loads(item[TemplateAttribute.TEMPLATE])))


@template_app.command("validate")
def template_validate(file: TemplateFile) -> None:
    """Validate a template file without storing it; needs no stack.

    What each field means, its unit, its bounds and its default: docs/features.md, and
    examples/templates/template.schema.json, which editors read.
    """
    with _reported():
        template = load_template(file)
        CONSOLE.print(f"template {template.id or file} is valid", markup=False, highlight=False, soft_wrap=True)
        for note in notes(template):
            CONSOLE.print(f"note   {note}", highlight=False, soft_wrap=True)


@app.command()
def start(
    template: TemplateId,
    execution_id: Id = None,
    overrides: Overrides = None,
    stack_outputs: Outputs = None,
) -> None:
    """Start an execution. The same id again starts it once."""
    with _reported():
        values, problems = read_overrides(overrides or [])
        started = begin.start(Stack.load(stack_outputs), template, execution_id, values, problems=problems)
        done = "started" if started.new else "was started before:"
        CONSOLE.print(f"{done} {started.execution_id}", highlight=False, soft_wrap=True)


@app.command()
def status(execution_id: Execution, log: ShowLog = False, stack_outputs: Outputs = None) -> None:
    """Show where an execution stands; exits 0 whatever it says."""
    with _reported():
        item = _item(Stack.load(stack_outputs), execution_id)
        for line in views.summary_lines(item):
            CONSOLE.print(line, markup=False, highlight=False, soft_wrap=True)
        CONSOLE.print(views.steps_table(item))
        if log:
            CONSOLE.print(item.get("LogTail", "no log yet"), markup=False, highlight=False, soft_wrap=True)


@app.command()
def report(
    execution_id: Execution,
    out: Annotated[Path, typer.Option(help="Folder for <execution>/report.html and forecast.png.")] = Path("out"),
    stack_outputs: Outputs = None,
) -> None:
    """Write an execution's report: its steps, metrics, features and, once there are any, its forecasts."""
    with needs_extra("local"), _reported():
        from runs.report.write import write_report

        check_output_folder("--out", out)
        for line in views.report_lines(write_report(Stack.load(stack_outputs), execution_id, out)):
            CONSOLE.print(line, markup=False, highlight=False, soft_wrap=True)


@app.command("list")
def list_executions(stack_outputs: Outputs = None) -> None:
    """List executions, newest first."""
    with _reported():
        CONSOLE.print(views.executions_table(begin.execution_store(Stack.load(stack_outputs)).all()))


def _item(stack: Stack, execution_id: str) -> dict[str, Any]:
    item = begin.execution_store(stack).get(check_execution_id(execution_id))
    if item is None:
        raise one_problem("execution", "execution id", execution_id, "not found; see `runs list`")
    return item
