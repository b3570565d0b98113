"""Commands: generate, render, check, diff, author-check."""

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
from pipeline_def.check.phases import check_definition, rule_table
from pipeline_def.diff import formats
from pipeline_def.diff.sources import Source, compare_sources, read_revision, read_source
from pipeline_def.template.keys import EXAMPLE_REGION, example_values
from pipeline_def.template.render import render as render_template
from pipeline_def.template.text import FORECAST, TEMPLATE_PATHS, TRAINING, read_template

#: Exit code of `diff --exit-code` if something changed; 1 is a problem that the user can fix, 2 a wrong command line.
CHANGED = 3

app = typer.Typer(
    help="""Generate, render, check and compare the definitions of the training pipeline and the forecast pipeline.

    author/pipeline.py and author/forecast.py build them with the SageMaker SDK. `generate` writes pipeline.json.mustache and
    forecast.json.mustache, the templates that the Pulumi program fills from its resources. After an edit, run generate, check
    and diff.""",
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


class PipelineName(StrEnum):
    TRAINING = TRAINING
    FORECAST = FORECAST


PipelineOption = Annotated[PipelineName, typer.Option(help="The pipeline whose template is meant.")]


@app.command()
def generate(
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; fail if the committed template is out of date.")
    ] = False,
) -> None:
    """Write both templates from the authored pipelines (needs the SageMaker SDK: 1 GB).

    The SDK has its own environment, which `make author-check` creates: .venv-author/bin/python -m pipeline_def generate. The
    result has the same bytes on every machine, and nothing contacts AWS.
    """
    from pipeline_def.author.generate import generate_templates, stale_problems

    if check:
        problems = stale_problems()
        if problems:
            raise ProblemsError("pipeline templates", problems)
        typer.echo(f"{' and '.join(path.name for path in TEMPLATE_PATHS.values())} match the authored pipelines")
        return
    for name, text in generate_templates().items():
        TEMPLATE_PATHS[name].write_text(text, encoding="utf-8")
        typer.echo(f"wrote {TEMPLATE_PATHS[name].name} ({len(text)} characters)")


@app.command("author-check")
def author_check() -> None:
    """Compare template, registries and notebook with the SageMaker SDK (`make author-check` runs this)."""
    from pipeline_def.author.author_check import run

    run()
    typer.echo("the template, the registries and the notebook agree with the SageMaker SDK")


@app.command()
def render(
    pipeline: PipelineOption = PipelineName.TRAINING,
    values: Annotated[
        Path | None, typer.Option(help="JSON file with every key of the template; default: example values.")
    ] = None,
    region: Annotated[str | None, typer.Option(help=f"Region of the example values; default: {EXAMPLE_REGION}.")] = None,
    sections: Annotated[bool, typer.Option("--sections", help="Example values with VPC, KMS and spot set.")] = False,
    print_values: Annotated[
        bool, typer.Option("--print-values", help="Print the values instead, as a start for a file.")
    ] = False,
    compact: Annotated[bool, typer.Option("--compact", help="Print the deployed bytes, without indentation.")] = False,
) -> None:
    """Render a template and print the definition as a stack deploys it, with sorted keys."""
    chosen = _values(pipeline, values, region, sections)
    if print_values:
        typer.echo(json.dumps(chosen, indent=2))
        return
    text = render_template(read_template(pipeline), chosen)
    typer.echo(text if compact else json.dumps(json.loads(text), indent=2))


@app.command()
def check(
    file: Annotated[
        str | None,
        typer.Argument(help="A rendered definition, - or deployed:NAME; default: both templates with example values."),
    ] = None,
    region: Annotated[str | None, typer.Option(help="The stack's region, which all images must be in.")] = None,
    output: Annotated[CheckFormat, typer.Option("--format", help="Format of the findings.")] = CheckFormat.TEXT,
    list_rules: Annotated[bool, typer.Option("--list-rules", help="Print the rules and what each requires.")] = False,
) -> None:
    """Check a rendered definition offline. Print all findings of a phase at once; exit with 1 if there are any.

    The phases are shape, API, references and the project's contract. A phase runs if the definition passes the previous ones
    well enough to be read. Without FILE, both templates are checked with example values, their optional sections off and on.
    """
    if list_rules:
        rules = rule_table()
        width = max(map(len, rules))
        typer.echo("\n".join(f"{name:<{width}}  {requires}" for name, requires in rules.items()))
        return
    _check_region(region)
    findings: list[Finding] = []
    for text in _texts_to_check(file, region):
        findings += [finding for finding in check_definition(text, region) if finding not in findings]
    _print_findings(findings, output)
    if findings:
        raise typer.Exit(1)


@app.command()
def diff(
    old: Annotated[str | None, typer.Argument(help='A file, "-", "template" or "deployed:NAME".')] = None,
    new: Annotated[str | None, typer.Argument(help='The same; default: "template", the working tree\'s.')] = None,
    from_git: Annotated[str | None, typer.Option(help="OLD is the template as of this revision, such as origin/main.")] = None,
    to_git: Annotated[str | None, typer.Option(help="NEW is the template as of this revision.")] = None,
    pipeline: PipelineOption = PipelineName.TRAINING,
    values: Annotated[Path | None, typer.Option(help="Render a template side with this JSON file of keys and values.")] = None,
    output: Annotated[
        DiffFormat, typer.Option("--format", help="For a terminal, a pull request, or a program.")
    ] = DiffFormat.TERMINAL,
    exit_code: Annotated[bool, typer.Option("--exit-code", help=f"Exit with {CHANGED} if something changed.")] = False,
) -> None:
    """Print what changed between two definitions, and what each change means for cost, data contract, security and the model.

    Order and white space are not changes. Two templates are compared with «key» in place of a stack's values. A deployed
    definition is compared with another rendered one, or with the template rendered with --values. With --from-git, a single
    argument is NEW.

    Examples: diff --from-git origin/main · diff old.json new.json --format markdown · diff deployed:NAME new.json
    """
    if from_git is not None and new is None and to_git is None:
        old, new = None, old
    before = _side(old, from_git, pipeline, "OLD", "--from-git")
    after = _side(new if new is not None else (None if to_git else "template"), to_git, pipeline, "NEW", "--to-git")
    changes = compare_sources(before, after, _values_of(values) if values else None)
    writer = {"terminal": formats.as_terminal, "markdown": formats.as_markdown, "json": formats.as_json}[output.value]
    typer.echo(writer(changes, before.name, after.name), nl=False)
    if exit_code and changes:
        raise typer.Exit(CHANGED)


def _side(argument: str | None, revision: str | None, pipeline: str, name: str, option: str) -> Source:
    if (argument is None) == (revision is None):
        found = None if argument is None else f"{argument} and {revision}"
        raise one_problem("diff", name, found, f"allowed: either {name} or {option}")
    return read_revision(revision, pipeline) if revision is not None else read_source(str(argument), pipeline)


def _values(pipeline: str, path: Path | None, region: str | None, sections: bool) -> dict[str, Any]:
    if path is None:
        _check_region(region)
        return example_values(region or EXAMPLE_REGION, sections=sections, pipeline=pipeline)
    unused = {"--region": region, "--sections": sections or None}
    problems = [
        Problem(option, value, "allowed: not with --values, because it concerns the example values")
        for option, value in unused.items()
        if value is not None
    ]
    if problems:
        raise ProblemsError("render", problems)
    return _values_of(path)


def _values_of(path: Path) -> dict[str, Any]:
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
    return [
        render_template(read_template(name), example_values(where, sections=on, pipeline=name))
        for name in TEMPLATE_PATHS
        for on in (False, True)
    ]


def _print_findings(findings: list[Finding], output: CheckFormat) -> None:
    if output is CheckFormat.JSON:
        typer.echo(json.dumps({"findings": [finding.as_dict() for finding in findings]}, indent=2))
    elif findings:
        count = f"{len(findings)} finding{'s' if len(findings) != 1 else ''}"
        sys.stderr.write("\n".join([f"pipeline definition: {count}", *(f"  - {finding}" for finding in findings)]) + "\n")
    else:
        typer.echo(f"nothing wrong ({len(rule_table())} rules)")
