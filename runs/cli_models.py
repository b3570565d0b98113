"""The commands ``models``: list, show, approve, reject, compare, promote."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import boto3
import typer
from rich.table import Table

from contracts import model_metadata as metadata
from contracts.display import printable
from contracts.outputs import StackOutputs
from runs import models, views
from runs.command_line import CONSOLE, Outputs, Package, TemplateId, aws_reported, print_line
from runs.comparison import compare, verdict
from runs.promotion import WAITING, promote
from runs.stack import Stack

models_app = typer.Typer(no_args_is_help=True, help="Registered models: list, show, approve, reject, compare, promote.")

Reason = Annotated[str, typer.Option(help="Why; kept with the version.")]


def add_model_commands(app: typer.Typer) -> None:
    """Add the commands to ``python -m runs``."""
    app.add_typer(models_app, name="models")


@models_app.command("list")
def models_list(template: TemplateId, stack_outputs: Outputs = None) -> None:
    """List the models of a template, newest first."""
    with aws_reported():
        table = Table("version", "approval", "skill", "best baseline", "created", "execution", "model package")
        for model in models.models_of(Stack.load(stack_outputs), template):
            cells = (
                model.version,
                model.approval,
                metadata.skill_text(model.properties),
                model.properties.get("BestBaseline", ""),
            )
            created = f"{model.created_at:%Y-%m-%d %H:%M}"
            table.add_row(*(views.cell(value) for value in (*cells, created, model.execution_id, model.arn)))
        CONSOLE.print(table)


@models_app.command("show")
def models_show(package: Package, stack_outputs: Outputs = None) -> None:
    """Print a model's approval, figures and files as JSON."""
    with aws_reported():
        model = models.model_package(Stack.load(stack_outputs), package)
        shown = {"modelPackage": model.arn, "version": model.version, "approval": model.approval}
        names = [name for name in (*metadata.PROPERTIES, *metadata.PROMOTED_PROPERTIES) if name in model.properties]
        CONSOLE.print_json(json.dumps(shown | {name: model.properties[name] for name in names}))


@models_app.command("approve")
def models_approve(package: Package, reason: Reason = "", stack_outputs: Outputs = None) -> None:
    """Approve a model, so that forecasts may use it."""
    _decide(package, models.APPROVED, reason, stack_outputs)


@models_app.command("reject")
def models_reject(package: Package, reason: Reason = "", stack_outputs: Outputs = None) -> None:
    """Reject a model, so that no forecast uses it."""
    _decide(package, models.REJECTED, reason, stack_outputs)


def _decide(package: str, approval: str, reason: str, stack_outputs: Any) -> None:
    with aws_reported():
        model = models.decide(Stack.load(stack_outputs), package, approval, reason)
        print_line(f"version {model.version} of template {model.template.get('id')} is now {approval}")


@models_app.command("compare")
def models_compare(first: Package, second: Package, stack_outputs: Outputs = None) -> None:
    """Show the figures of two models side by side, and what differs in their templates, parameters, definitions and images."""
    with aws_reported():
        made = compare(Stack.load(stack_outputs), first, second)
        titles = [f"version {one.model.version}" for one in (made.first, made.second)]
        for title, rows in (("figure", made.figures), ("setting", made.settings)):
            if rows:
                table = Table(title, *titles)
                for row in rows:
                    table.add_row(*map(views.cell, row))
                CONSOLE.print(table)
        if not made.settings:
            is_known = made.first.started_with and made.second.started_with
            print_line(f"their templates{', parameters, definitions and images' if is_known else ''} are equal")
        print_line(printable(verdict(made)))


@models_app.command("promote")
def models_promote(
    package: Package,
    to: Annotated[Path, typer.Option("--to", help="The other stack: a file with its `pulumi stack output --json`.")],
    to_profile: Annotated[
        str | None, typer.Option(help="AWS profile with access to the other stack; default: the same credentials.")
    ] = None,
    stack_outputs: Outputs = None,
) -> None:
    """Copy an approved model to another stack, where it waits for approval. A second time changes nothing."""
    with aws_reported():
        outputs = StackOutputs.from_file(to)
        target = Stack(outputs, boto3.Session(profile_name=to_profile, region_name=outputs.region))
        done = promote(Stack.load(stack_outputs), target, package)
        for key in done.written:
            print_line(f"written  s3://{outputs.models_bucket}/{printable(key)}")
        if done.new:
            print_line(f"promoted {done.arn} ({WAITING})")
        else:
            print_line(f"was promoted before, with the same files: {done.arn}")
