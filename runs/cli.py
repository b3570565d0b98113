"""Command line for executions of a deployed stack."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from contracts.display import printable
from contracts.hyperparameters import HYPERPARAMETERS
from contracts.outputs import STACK_OUTPUTS_VARIABLE
from contracts.price_format import DATE_COLUMN, PRICE_COLUMN
from contracts.problems import check_output_folder, needs_extra, one_problem
from contracts.tables import ExecutionAttribute, TemplateAttribute
from contracts.template import load_template, notes, parse_template
from runs import assets, begin, templates, views
from runs.cli_drift import add_drift_command
from runs.cli_endpoints import add_endpoint_commands
from runs.cli_forecasts import add_forecast_commands
from runs.cli_models import add_model_commands
from runs.cli_operations import add_operation_commands
from runs.command_line import CONSOLE, Execution, Id, Outputs, TemplateId, aws_reported, print_line
from runs.listing import ListFormat, as_csv, as_json, listed
from runs.operations import stored_execution
from runs.overrides import read_overrides, settable_parameters
from runs.price_files import read_price_files
from runs.price_options import DateColumn, Decimal, Delimiter, PriceColumn, Timezone, chosen_format
from runs.proposal import propose
from runs.stack import Stack
from runs.waiting import exit_code, wait_for

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help=(
        "Start and follow executions of a deployed stack.\n\n"
        f"{STACK_OUTPUTS_VARIABLE} names the stack: a file with the output of `pulumi stack output --json`. "
        "Set AWS_ENDPOINT_URL to use the same commands with `python -m local_run up`."
    ),
)
assets_app = typer.Typer(no_args_is_help=True, help="Price histories: <ASSET>.csv with the columns Date and Close.")
template_app = typer.Typer(no_args_is_help=True, help="Training templates: what to predict, from which assets and features.")
app.add_typer(assets_app, name="assets")
app.add_typer(template_app, name="template")
add_forecast_commands(app)
add_model_commands(app)
add_endpoint_commands(app)
add_drift_command(app)
add_operation_commands(app, assets_app, template_app)

Overrides = Annotated[list[str] | None, typer.Option("--set", help="name=value of a parameter listed below; repeatable.")]
TemplateFile = Annotated[Path, typer.Argument(help="Training template, JSON.")]
Replace = Annotated[bool, typer.Option("--replace", help="Replace another template that has the same id.")]
Wait = Annotated[bool, typer.Option("--wait", help="Wait until it has ended.")]
ShowLog = Annotated[bool, typer.Option("--log", help="Also show the end of the log of the latest step that ran in our image.")]


#: From here on, a terminal holds all columns of `list` uncut with ids of usual length.
WIDE_COLUMNS = 180


def _start_help() -> str:
    """The parameters that ``--set`` takes, with an example; shown below the options."""
    hyperparameters, others = settable_parameters()
    return (
        "Example: python -m runs start demo --set epochs=5 --set TrainingInstanceType=ml.g5.xlarge\n\n"
        f"Hyperparameters: {', '.join(hyperparameters)}.\n\n"
        f"Other parameters: {', '.join(others)}.\n\n"
        f"The template sets {', '.join(sorted(name for name, item in HYPERPARAMETERS.items() if item.from_template))}."
    )


@assets_app.command("put")
def assets_put(
    files: Annotated[list[Path], typer.Argument(help="Files named <ASSET>.csv.")],
    source: Annotated[str, typer.Option(help="Where the prices come from.")] = "",
    delimiter: Delimiter = ",",
    decimal: Decimal = "",
    date_column: DateColumn = DATE_COLUMN,
    price_column: PriceColumn = PRICE_COLUMN,
    timezone: Timezone = "",
    stack_outputs: Outputs = None,
) -> None:
    """Check price histories and store them. Nothing is stored if any file has a problem.

    Files in another dialect are stored as Date,Close with a decimal point; describe the dialect with the options.
    """
    with aws_reported():
        checked = read_price_files(files, chosen_format(delimiter, decimal, date_column, price_column, timezone))
        done = assets.put(Stack.load(stack_outputs), checked, source)
        for file, put in zip(checked, done, strict=True):
            print_line(views.upsert_line(put, file.summary))
            for note in file.notes:
                print_line(f"note   {note}")


@assets_app.command("list")
def assets_list(stack_outputs: Outputs = None) -> None:
    """List the stored price histories."""
    with aws_reported():
        CONSOLE.print(views.assets_table(assets.stored(Stack.load(stack_outputs))))


@template_app.command("put")
def template_put(file: TemplateFile, replace: Replace = False, stack_outputs: Outputs = None) -> None:
    """Validate a template and store it under its id. Another template with the same id stays unless --replace is given."""
    with aws_reported():
        template = load_template(file)
        done = templates.put(Stack.load(stack_outputs), template, replace=replace)
        print_line(views.upsert_line(done, f"template {template.id}"))


@template_app.command("new")
def template_new(
    template_id: Annotated[str, typer.Argument(help="Id of the new template.")],
    asset_names: Annotated[str, typer.Option("--assets", help="Stored assets to train on, separated by commas.")],
    predict: Annotated[str, typer.Option(help="The asset among them that is forecast.")],
    out: Annotated[Path, typer.Option(help="File to write.")],
    stack_outputs: Outputs = None,
) -> None:
    """Propose a template from the dates and the frequency of stored assets, and write it to a file to look at and change.

    Then: python -m runs template put FILE.
    """
    with aws_reported():
        names = [name for name in asset_names.split(",") if name]
        proposed, remarks = propose(Stack.load(stack_outputs), template_id, names, predict)
        parse_template(proposed)
        try:
            with out.open("x") as file:
                file.write(json.dumps(proposed, indent=2) + "\n")
        except OSError as error:
            raise one_problem(
                "template", "--out", str(out), f"it cannot be written ({error.strerror}); choose another file"
            ) from error
        print_line(f"written {out}; store it with `python -m runs template put {out}`")
        for remark in remarks:
            print_line(f"note   {remark}")


@template_app.command("list")
def template_list(stack_outputs: Outputs = None) -> None:
    """List the stored templates."""
    with aws_reported():
        CONSOLE.print(views.templates_table(templates.stored(Stack.load(stack_outputs))))


@template_app.command("show")
def template_show(template_id: TemplateId, stack_outputs: Outputs = None) -> None:
    """Print a stored template as JSON."""
    with aws_reported():
        item = begin.stored_template(Stack.load(stack_outputs), template_id)
        CONSOLE.print_json(json.dumps(json.loads(item[TemplateAttribute.TEMPLATE])))


@template_app.command("validate")
def template_validate(file: TemplateFile) -> None:
    """Validate a template file without storing it. Needs no stack.

    docs/features.md explains each field with its unit, bounds and default. Editors read
    examples/templates/template.schema.json.
    """
    with aws_reported():
        template = load_template(file)
        print_line(f"template {template.id or file} is valid")
        for note in notes(template):
            print_line(f"note   {note}")


@app.command(epilog=_start_help())
def start(
    template: TemplateId,
    execution_id: Id = None,
    overrides: Overrides = None,
    stack_outputs: Outputs = None,
) -> None:
    """Start an execution. Repeating an --id does not start a second one."""
    with aws_reported():
        values, problems = read_overrides(overrides or [])
        started = begin.start(Stack.load(stack_outputs), template, execution_id, values, problems=problems)
        for note in started.notes:
            print_line(f"note   {printable(note)}")
        done = "started" if started.new else "was started before:"
        print_line(f"{done} {started.execution_id}")


@app.command()
def status(execution_id: Execution, log: ShowLog = False, wait: Wait = False, stack_outputs: Outputs = None) -> None:
    """Show an execution's status.

    Exit code: 1 if it failed or was stopped, 3 if its model was not registered, otherwise 0.
    """
    with aws_reported():
        stack = Stack.load(stack_outputs)
        item = stored_execution(stack, execution_id)
        if wait:
            item = wait_for(stack, str(item[ExecutionAttribute.ID]))
        for line in views.summary_lines(item):
            print_line(line)
        CONSOLE.print(views.steps_table(item))
        if log:
            print_line(views.log_text(item))
    raise typer.Exit(exit_code(item))


@app.command()
def report(
    execution_id: Execution,
    out: Annotated[Path, typer.Option(help="Folder for <execution>/report.html and forecast.png.")] = Path("out"),
    stack_outputs: Outputs = None,
) -> None:
    """Write an execution's report: steps, metrics, features, and forecasts if there are any."""
    with needs_extra("local"), aws_reported():
        from runs.report.write import write_report

        check_output_folder("--out", out)
        for line in views.report_lines(write_report(Stack.load(stack_outputs), execution_id, out)):
            print_line(line)


@app.command()
def reports(
    template: TemplateId,
    out: Annotated[Path, typer.Option(help="Folder that holds the reports; the page is <template>.html in it.")] = Path("out"),
    stack_outputs: Outputs = None,
) -> None:
    """Write the index of a template's executions: date, outcome, skill, and a link to each report in the folder."""
    with needs_extra("local"), aws_reported():
        from runs.report.write import write_index

        check_output_folder("--out", out)
        print_line(f"index    {write_index(Stack.load(stack_outputs), template, out)}")


@app.command("list")
def list_executions(
    where: Annotated[
        list[str] | None,
        typer.Option("--where", help="field=value, such as status=Failed or Template.frequency=1D; repeatable."),
    ] = None,
    search: Annotated[str, typer.Option(help="A part of the id or of the pipeline execution's ARN.")] = "",
    output: Annotated[
        ListFormat, typer.Option("--format", help="For a person, a spreadsheet or a program.")
    ] = ListFormat.TABLE,
    stack_outputs: Outputs = None,
) -> None:
    """List executions, newest first. A wide terminal shows more columns; CSV and JSON have all."""
    with aws_reported():
        rows = listed(Stack.load(stack_outputs), where or (), search)
        if output is ListFormat.TABLE:
            CONSOLE.print(views.executions_table(rows, wide=CONSOLE.width >= WIDE_COLUMNS))
        else:
            print_line(as_json(rows) if output is ListFormat.JSON else as_csv(rows))
