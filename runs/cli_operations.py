"""The commands that act on one execution or look at it while it runs: watch, logs, stop, retry, delete."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from contracts.display import printable
from contracts.problems import one_problem
from contracts.tables import ExecutionAttribute
from runs import operations, views
from runs.command_line import CONSOLE, Execution, Outputs, TemplateId, aws_reported, print_line
from runs.execution_diff import compared_executions, execution_differences
from runs.removal import Removal, asset_removal, execution_removal, template_removal
from runs.stack import Stack
from runs.step_logs import StepLog, step_logs
from runs.waiting import EXIT_FAILED, exit_code, wait_for

#: Lines of the log's end that `watch` shows.
WATCHED_LINES = 12

Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def add_operation_commands(app: typer.Typer, assets_app: typer.Typer, template_app: typer.Typer) -> None:
    """Add the commands to ``python -m runs``."""
    for command in (watch, logs, stop, retry, diff):
        app.command()(command)
    app.command("delete")(delete_execution)
    assets_app.command("delete")(delete_asset)
    template_app.command("delete")(delete_template)


def watch(execution_id: Execution, stack_outputs: Outputs = None) -> None:
    """Show an execution's steps and the end of its log until it has ended. The exit code is that of `status`."""
    with aws_reported():
        stack = Stack.load(stack_outputs)
        name = str(operations.stored_execution(stack, execution_id)[ExecutionAttribute.ID])
        if CONSOLE.is_terminal:
            with Live(console=CONSOLE, auto_refresh=False) as live:
                item = wait_for(stack, name, lambda item: live.update(_watched(item), refresh=True))
        else:
            item = wait_for(stack, name, _Changes())
        for line in views.summary_lines(item):
            print_line(line)
    raise typer.Exit(exit_code(item))


def _watched(item: Mapping[str, Any]) -> Group:
    """What a terminal shows: the steps, and the last lines of the log."""
    lines = views.log_text(item).splitlines()[-WATCHED_LINES:]
    return Group(views.steps_table(item), *(Text(line, no_wrap=True, overflow="ellipsis", style="dim") for line in lines))


class _Changes:
    """Prints each new status of the execution and of its steps once, for a log file or a CI job."""

    def __init__(self) -> None:
        self._shown: dict[str, str] = {}

    def __call__(self, item: Mapping[str, Any]) -> None:
        for name, status in views.statuses(item).items():
            if self._shown.get(name) != status:
                self._shown[name] = status
                print_line(printable(f"{name:<20} {status}"))


def logs(
    execution_id: Execution,
    step: Annotated[str | None, typer.Option(help="Default: the failed step, or the latest one.")] = None,
    attempt: Annotated[int | None, typer.Option(help="One of the step's jobs, counted from 1; default: all.")] = None,
    stack_outputs: Outputs = None,
) -> None:
    """Print the log of a step, one per attempt. Jobs of feature engineering, training, backtest and evaluation have one."""
    with aws_reported():
        stack = Stack.load(stack_outputs)
        for found in step_logs(stack, operations.stored_execution(stack, execution_id), step, attempt):
            _print_log(found)


def _print_log(log: StepLog) -> None:
    print_line(printable(f"--- {log.step}, attempt {log.attempt} ({log.status}), {log.source}"))
    for line in log.lines:
        print_line(printable(line))
    if not log.lines:
        print_line("no line yet, or the log group's retention has ended")


def stop(execution_id: Execution, stack_outputs: Outputs = None) -> None:
    """Stop an execution and its running job. `runs retry` continues it."""
    with aws_reported():
        name = operations.stop(Stack.load(stack_outputs), execution_id)
        print_line(f"stopping {name}; `runs watch {name}` shows when it has stopped")


def retry(execution_id: Execution, stack_outputs: Outputs = None) -> None:
    """Run a failed or stopped execution again from the steps that have not succeeded, with the same inputs."""
    with aws_reported():
        name = operations.retry(Stack.load(stack_outputs), execution_id)
        print_line(f"retrying {name}; `runs watch {name}` follows it")


def diff(
    first: Execution,
    second: Annotated[
        str | None, typer.Argument(help="Default: the last execution of the template that registered a model.")
    ] = None,
    stack_outputs: Outputs = None,
) -> None:
    """Show what differs between two executions: template, prices, definition, image, parameters, figures, durations."""
    with aws_reported():
        items = compared_executions(Stack.load(stack_outputs), first, second)
        found = execution_differences(*items)
        table = Table("difference", *(printable(item[ExecutionAttribute.ID]) for item in items))
        for row in found:
            table.add_row(*map(views.cell, row))
        if found:
            CONSOLE.print(table)
        else:
            print_line("nothing differs")


def delete_execution(execution_id: Execution, yes: Yes = False, stack_outputs: Outputs = None) -> None:
    """Delete an execution with its events and files, after showing what will go. Its id cannot be used again."""
    with aws_reported():
        _confirm(execution_removal(Stack.load(stack_outputs), execution_id), yes=yes)


def delete_asset(
    asset: Annotated[str, typer.Argument(help="The asset's name.")], yes: Yes = False, stack_outputs: Outputs = None
) -> None:
    """Delete a price history that no template uses, after showing what will go."""
    with aws_reported():
        _confirm(asset_removal(Stack.load(stack_outputs), asset), yes=yes)


def delete_template(template: TemplateId, yes: Yes = False, stack_outputs: Outputs = None) -> None:
    """Delete a stored template, after showing what that means."""
    with aws_reported():
        _confirm(template_removal(Stack.load(stack_outputs), template), yes=yes)


def _confirm(removal: Removal, *, yes: bool) -> None:
    """Show what goes, ask, and delete it."""
    for line in removal.lines:
        print_line(printable(line))
    if not yes and not sys.stdin.isatty():
        raise one_problem("delete", "--yes", None, "there is no terminal to ask in; pass --yes to delete this")
    if not yes and not typer.confirm("Delete this?"):
        print_line("nothing was deleted")
        raise typer.Exit(EXIT_FAILED)
    removal.apply()
    print_line("deleted")
