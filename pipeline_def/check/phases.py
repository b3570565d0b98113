"""The offline check of a rendered definition, in phases: shape, API, references, contract.

Each phase relies on the previous one, so a phase whose findings leave the definition unreliable is the last one that runs. Two
rules may report the same defect. The Pulumi program runs the check before it creates the pipeline, and so do
``python -m pipeline_def check`` and the policies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from contracts.problems import Problem, ProblemsError
from contracts.strict_json import parse
from pipeline_def.check import api, backtest, forecast, gate, images, isolation, jobs, leftovers, order, references, secrets
from pipeline_def.check.definition import Definition
from pipeline_def.check.finding import Finding
from pipeline_def.check.shape import Shape, check_size


@dataclass(frozen=True)
class Rule:
    """One rule: its id (a finding's ``rule``), what it requires, and its function."""

    id: str
    requires: str
    look: Callable[[Definition], Iterator[Finding]]
    #: Later phases cannot rely on a definition that breaks this rule.
    is_essential: bool = False


#: Rules of the first phase, which work on text and parsed JSON.
SHAPE_RULES = {
    "json": "the text is one JSON object",
    "shape": "members exist and have the right type; step types, names, conditions, retries and caches are valid",
    "size": "the definition and its parameters are within the service's limits",
    "leftover": "no template key, placeholder, Pulumi Output or SDK object remains as text",
}
API = (
    Rule("required", "members that SageMaker or the project's contract requires are present", api.check_required),
    Rule("arguments", "botocore accepts each step's arguments", api.check_arguments, True),
    Rule("limits", "values are within the API's upper bounds, patterns and enumerations", api.check_limits),
)
REFERENCES = (
    Rule("name", "steps, parameters, inputs, outputs, channels and tags have names of their own", order.check_names),
    Rule("reference", "every reference resolves, to a value of the right kind", references.check_references),
    Rule("reference", "every JsonGet reads a declared property file of an output", references.check_property_files),
    Rule("order", "DependsOn names steps, and no step waits for itself or for the other branch", order.check_order),
    Rule("condition", "conditions compare operands of one kind", order.check_conditions),
)
CONTRACT = (
    Rule("steps", "the steps and parameters that the rest of the project uses exist", gate.check_steps),
    Rule("leftover", "every environment variable of the container has a value", leftovers.check_environment),
    Rule("isolation", "an execution writes only under executions/<ExecutionId>/", isolation.check_isolation),
    Rule("section", "a VPC or a key applies to all jobs and models, or to none", isolation.check_sections),
    Rule("gate", "only the model that passed the quality gate is registered", gate.check_gate),
    Rule("backtest", "the gate judges the created model on the feature step's request lines", backtest.check_backtest),
    Rule("forecast", "a forecast uses an approved model package with its own fitted state", forecast.check_forecast),
    Rule("channel", "the training reads the processing step's outputs", gate.check_channels),
    Rule("image", "images are in the region, immutably named, and from the expected registry", images.check_images),
    Rule("instances", "instance types are well-formed, and a job has 1 to 100 instances", jobs.check_instances),
    Rule("spot", "managed spot training waits within the algorithm's limit", jobs.check_spot),
    Rule("deepar", "DeepAR gets known hyperparameters within their ranges, and channels that it can read", jobs.check_deepar),
    Rule("secret", "nothing looks like a secret", secrets.check_secrets),
)
PHASES = (API, REFERENCES, CONTRACT)


def check_definition(text: str, region: str | None = None) -> list[Finding]:
    """Report what is wrong with a rendered definition; the list is empty if nothing is.

    ``region`` is the stack's; without it, the images must all be in one region. Works offline, and takes less than 50 ms once
    botocore's model is loaded.
    """
    raw = _parsed(text)
    if isinstance(raw, Finding):
        return [raw]
    shape = Shape(raw)
    findings = [*shape.findings, *check_size(text, raw), *leftovers.check_leftovers(raw)]
    if not shape.is_sound:
        return findings
    definition = Definition(text, raw, region)
    for phase in PHASES:
        is_reliable = True
        for rule in phase:
            found = list(rule.look(definition)) if is_reliable else []
            findings += found
            is_reliable = is_reliable and not (rule.is_essential and found)
        if not is_reliable:
            break
    return findings


def read_definition(text: str) -> Definition | None:
    """The definition if it is well-formed; None otherwise, and :func:`check_definition` says why."""
    raw = _parsed(text)
    return None if isinstance(raw, Finding) or not Shape(raw).is_sound else Definition(text, raw)


def rule_table() -> dict[str, str]:
    """Rule id -> what it requires, in the order of the phases."""
    table = dict(SHAPE_RULES)
    for rule in [rule for phase in PHASES for rule in phase]:
        table[rule.id] = f"{table[rule.id]}; {rule.requires}" if rule.id in table else rule.requires
    return table


def _parsed(text: str) -> dict[str, Any] | Finding:
    try:
        raw = parse(text)
    except ValueError as error:
        if "{{" in text:
            allowed = "allowed: a rendered definition; `python -m pipeline_def render` fills the template"
            return Finding("leftover", None, "$", "a template", allowed)
        return Finding("json", None, "$", "not JSON" if text.strip() else None, f"allowed: one JSON object ({error})")
    return raw if isinstance(raw, dict) else Finding("json", None, "$", type(raw).__name__, "allowed: one JSON object")


def require_valid(text: str, region: str | None = None) -> str:
    """Return the text.

    Raises:
        ProblemsError: everything that :func:`check_definition` reports.
    """
    findings = check_definition(text, region)
    if findings:
        raise as_error(findings)
    return text


def as_error(findings: Iterable[Finding]) -> ProblemsError:
    return ProblemsError("pipeline definition", [_AsProblem(finding.path, finding.value, str(finding)) for finding in findings])


class _AsProblem(Problem):
    """A finding in its own words, with rule and step."""

    def __str__(self) -> str:
        return self.allowed
