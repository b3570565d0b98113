"""The offline check of a rendered definition: the table of rules, and one call that runs them all.

Called by the program before the pipeline resource is created, by ``python -m pipeline_def check``, and by the policies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from contracts.problems import Problem, ProblemsError
from contracts.strict_json import parse
from pipeline_def.check import (
    arguments,
    conditions,
    gate,
    graph,
    hyperparameters,
    images,
    isolation,
    jobs,
    json_gets,
    parameters,
    references,
    retries,
    secrets,
    structure,
    unfilled,
)
from pipeline_def.check.definition import Definition
from pipeline_def.check.finding import Finding


@dataclass(frozen=True)
class Rule:
    """One rule: its id (a finding's ``rule``), what it asks for, and the function that looks."""

    id: str
    asks: str
    look: Callable[[Definition], Iterator[Finding]]


RULES: tuple[Rule, ...] = (
    Rule("structure", "members of the definition and of each step are there and of the right kind", structure.check_structure),
    Rule("step-type", "step types are known", structure.check_step_types),
    Rule("unique", "no two steps, parameters, inputs, outputs, channels or tags share a name", structure.check_unique),
    Rule("name", "names of steps and parameters are 1 to 64 letters, digits, hyphens, underscores", structure.check_names),
    Rule("parameter", "parameters have known types, and defaults that match", parameters.check_parameters),
    Rule("reference", "every Get resolves to something there is", references.check_references),
    Rule("json-get", "every JsonGet reads a property file in an output that exists", json_gets.check_json_gets),
    Rule("depends-on", "DependsOn names steps of this pipeline", graph.check_depends_on),
    Rule("cycle", "no step waits for itself", graph.check_cycles),
    Rule("branch", "no step waits for one in the other branch of a condition", graph.check_branches),
    Rule("condition", "conditions have known types and all operands", conditions.check_conditions),
    Rule("unfilled", "no template key and no unresolved Output is left", unfilled.check_unfilled),
    Rule("arguments", "botocore accepts each step's arguments, placeholders substituted", arguments.check_arguments),
    Rule("limits", "upper bounds, patterns and enumerations of the API are kept", arguments.check_limits),
    Rule("retry", "retry policies are valid for their step type", retries.check_retries),
    Rule("cache", "caching never serves a step that is told the ExecutionId", retries.check_caches),
    Rule("isolation", "all output is under executions/<ExecutionId>/", isolation.check_isolation),
    Rule("gate", "our models pass the quality gate: threshold against the metric of the very model", gate.check_gate),
    Rule("channel", "DeepAR has a channel to learn from, ours the processing step's outputs", gate.check_channels),
    Rule(
        "image",
        "images are in the region, immutably named, and ours from our registry or the built-in one",
        images.check_images,
    ),
    Rule("instances", "instance types have the form of one, and counts are from 1 to 100", jobs.check_instances),
    Rule("spot", "managed spot training waits within the algorithm's limit", jobs.check_spot),
    Rule("secret", "nothing looks like a secret", secrets.check_secrets),
    Rule("hyperparameter", "DeepAR gets known hyperparameters, in range, as text", hyperparameters.check_hyperparameters),
)
#: The rule of a text that is no JSON object; it has no function of its own, since nothing else can be looked at then.
JSON_RULE = "json"


def check_definition(text: str, region: str | None = None, *, contract: bool | None = None) -> list[Finding]:
    """Everything that is wrong with a rendered definition, at once; an empty list when nothing is.

    ``region`` is the stack's; without it the images must agree with one another. ``contract`` asks for what our own pipeline
    promises (isolation by ExecutionId, images, the quality gate, the channels); None asks for it where the definition has the
    steps FeatureEngineering and QualityGate. Offline, and under 50 ms once botocore's model is loaded.
    """
    try:
        raw = parse(text)
    except ValueError as error:
        if "{{" in text:
            return [
                Finding("unfilled", None, "$", "a template", "allowed: a filled one; `python -m pipeline_def render` fills it")
            ]
        return [Finding(JSON_RULE, None, "$", None if not text.strip() else "not JSON", f"allowed: one JSON object ({error})")]
    if not isinstance(raw, dict):
        return [Finding(JSON_RULE, None, "$", type(raw).__name__, "allowed: one JSON object")]
    definition = Definition.read(text, raw, region, contract=contract)
    return [finding for rule in RULES for finding in rule.look(definition)]


def require_valid(text: str, region: str | None = None) -> str:
    """The text itself, which is our own pipeline's; :class:`ProblemsError` with every finding where there is any."""
    findings = check_definition(text, region, contract=True)
    if findings:
        raise as_error(findings)
    return text


def as_error(findings: Iterable[Finding]) -> ProblemsError:
    return ProblemsError("pipeline definition", [_AsProblem(finding.path, finding.value, str(finding)) for finding in findings])


class _AsProblem(Problem):
    """A finding in the words it has itself, rule and step included."""

    def __str__(self) -> str:
        return self.allowed
