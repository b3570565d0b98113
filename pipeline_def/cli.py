"""Commands: generate, render, check, diff."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from contracts.problems import Problem, ProblemsError, one_problem
from contracts.regions import region_problem
from contracts.strict_json import parse
from pipeline_def.check.finding import Finding
from pipeline_def.check.phases import JSON_RULE, RULES, check_definition
from pipeline_def.diff import formats
from pipeline_def.diff.sources import Source, compare_sources, read_revision, read_source
from pipeline_def.template.keys import EXAMPLE_REGION, example_values
from pipeline_def.template.render import render as render_template
from pipeline_def.template.text import TEMPLATE_PATH, read_template

#: Exit code of `diff --exit-code` where something changed; 1 is a problem to mend, 2 a wrong command line.
CHANGED = 3

app = typer.Typer(
    help="""Generate, render, check and compare the definition of the training pipeline.

    author/pipeline.py builds the pipeline with the SageMaker SDK. `generate` writes it to pipeline.json.mustache, the template
    that the Pulumi program fills from its resources. After an edit, run generate, check and diff.""",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


class CheckFormat(StrEnum):
    TEXT = "text"
    JSON = "json"


class DiffFormat(StrEnum):
    TERMINAL = "terminal"
    MARKDOWN = "markdown"
    JSON = "json"


@app.command()
def generate(
    check: Annotated[bool, typer.Option("--check", help="Write nothing; fail when the committed template is stale.")] = False,
) -> None:
    """Write pipeline.json.mustache from the authored pipeline (needs the SageMaker SDK: 1 GB).

    The SDK is in an environment of its own, which `make author-check` makes: .venv-author/bin/python -m pipeline_def generate.
    The same bytes come out on any machine; nothing reaches AWS.
    """
    from pipeline_def.template.generate import generate_template, stale_problem

    if check:
        problem = stale_problem()
        if problem is not None:
            raise ProblemsError("pipeline template", [problem])
        typer.echo(f"{TEMPLATE_PATH.name} is what the authored pipeline gives")
        return
    text = generate_template()
    TEMPLATE_PATH.write_text(text, encoding="utf-8")
    typer.echo(f"wrote {TEMPLATE_PATH.name} ({len(text)} characters)")


@app.command()
def render(
    values: Annotated[
        Path | None, typer.Option(help="JSON file with every key of the template; default: example values.")
    ] = None,
    region: Annotated[str | None, typer.Option(help=f"Region of the example values; default: {EXAMPLE_REGION}.")] = None,
    sections: Annotated[bool, typer.Option("--sections", help="Example values with VPC, KMS and spot set.")] = False,
    print_values: Annotated[
        bool, typer.Option("--print-values", help="Print the values instead, to start a file from.")
    ] = False,
    compact: Annotated[bool, typer.Option("--compact", help="Print the bytes that are deployed, without indentation.")] = False,
) -> None:
    """Fill the template and print the definition: what a stack deploys, canonical, keys sorted."""
    chosen = _values(values, region, sections)
    if print_values:
        typer.echo(json.dumps(chosen, indent=2))
        return
    text = render_template(read_template(), chosen)
    typer.echo(text if compact else json.dumps(json.loads(text), indent=2))


@app.command()
def check(
    file: Annotated[
        str | None, typer.Argument(help="A rendered definition, - or deployed:NAME; default: the examples.")
    ] = None,
    region: Annotated[str | None, typer.Option(help="The stack's region: images must be from there.")] = None,
    ours: Annotated[
        bool | None,
        typer.Option(
            "--ours/--foreign",
            help="Whether FILE is this project's pipeline; default: yes where it has FeatureEngineering and QualityGate.",
            show_default=False,
        ),
    ] = None,
    output: Annotated[CheckFormat, typer.Option("--format", help="How findings are printed.")] = CheckFormat.TEXT,
    list_rules: Annotated[bool, typer.Option("--list-rules", help="Print the rules and what each asks for.")] = False,
) -> None:
    """Check a rendered definition offline; every finding at once, exit code 1 where there is any.

    Each finding names rule, step, JSON path, value and what is allowed. Without FILE the template itself is checked, filled
    with example values, its optional sections off and on.

    This project's own pipeline must also keep its contract: all output under executions/<ExecutionId>/, images given as text
    and of its own account or the built-in algorithm's, models past the quality gate alone and made of what it saw, channels
    from the processing step. Of another's only what any pipeline needs is asked.
    """
    if list_rules:
        asked = {JSON_RULE: "the text is one JSON object", **{rule.id: rule.asks for rule in RULES}}
        width = max(map(len, asked))
        typer.echo("\n".join(f"{name:<{width}}  {asks}" for name, asks in asked.items()))
        return
    _check_region(region)
    asked_of_ours = True if file is None else ours
    findings: list[Finding] = []
    for text in _texts_to_check(file, region):
        findings += [finding for finding in check_definition(text, region, contract=asked_of_ours) if finding not in findings]
    _print_findings(findings, output)
    if findings:
        raise typer.Exit(1)


@app.command()
def diff(
    old: Annotated[str | None, typer.Argument(help='A file, "-", "template" or "deployed:NAME".')] = None,
    new: Annotated[str | None, typer.Argument(help='The same; default: "template", the working tree\'s.')] = None,
    from_git: Annotated[str | None, typer.Option(help="OLD is the template as of this revision, such as origin/main.")] = None,
    to_git: Annotated[str | None, typer.Option(help="NEW is the template as of this revision.")] = None,
    output: Annotated[
        DiffFormat, typer.Option("--format", help="For a terminal, a pull request, or a program.")
    ] = DiffFormat.TERMINAL,
    exit_code: Annotated[bool, typer.Option("--exit-code", help=f"Exit with {CHANGED} where something changed.")] = False,
) -> None:
    """Say what changed between two definitions, and what each change means for cost, data contract, security and the model.

    Order and white space are no changes. Templates are compared with «key» where a stack's value would stand; against a
    deployed definition the template takes that one's values, which are listed. With --from-git a single argument is NEW.

    Examples: diff --from-git origin/main · diff old.json new.json --format markdown · diff deployed:model-training-dev
    """
    if from_git is not None and new is None and to_git is None:
        old, new = None, old
    before = _side(old, from_git, "OLD", "--from-git")
    after = _side(new if new is not None else (None if to_git else "template"), to_git, "NEW", "--to-git")
    compared = compare_sources(before, after)
    writer = {"terminal": formats.as_terminal, "markdown": formats.as_markdown, "json": formats.as_json}[output.value]
    typer.echo(writer(compared.changes, before.name, after.name, compared.adopted), nl=False)
    if exit_code and compared.changes:
        raise typer.Exit(CHANGED)


def _side(argument: str | None, revision: str | None, name: str, option: str) -> Source:
    if (argument is None) == (revision is None):
        found = None if argument is None else f"{argument} and {revision}"
        raise one_problem("diff", name, found, f"allowed: either {name} or {option}")
    return read_revision(revision) if revision is not None else read_source(str(argument))


def _values(path: Path | None, region: str | None, sections: bool) -> dict[str, Any]:
    if path is None:
        _check_region(region)
        return example_values(region or EXAMPLE_REGION, sections=sections)
    unused = {"--region": region, "--sections": sections or None}
    problems = [
        Problem(option, value, "allowed: not with --values; it is about the example values")
        for option, value in unused.items()
        if value is not None
    ]
    if problems:
        raise ProblemsError("render", problems)
    try:
        values = parse(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise one_problem("values", "file", str(path), f"allowed: a JSON file of keys and values ({error})") from error
    if not isinstance(values, dict):
        raise one_problem("values", str(path), type(values).__name__, "allowed: one JSON object")
    return values


def _check_region(region: str | None) -> None:
    problem = region_problem(region, "--region") if region is not None else None
    if problem is not None:
        raise ProblemsError("pipeline_def", [problem])


def _texts_to_check(file: str | None, region: str | None) -> list[str]:
    if file is not None:
        return [read_source(file).text]
    where = region or EXAMPLE_REGION
    return [render_template(read_template(), example_values(where, sections=on)) for on in (False, True)]


def _print_findings(findings: list[Finding], output: CheckFormat) -> None:
    if output is CheckFormat.JSON:
        typer.echo(json.dumps({"findings": [finding.as_dict() for finding in findings]}, indent=2))
    elif findings:
        count = f"{len(findings)} finding{'s' if len(findings) != 1 else ''}"
        sys.stderr.write("\n".join([f"pipeline definition: {count}", *(f"  - {finding}" for finding in findings)]) + "\n")
    else:
        typer.echo(f"nothing wrong ({len(RULES) + 1} rules)")
