"""Two registered models side by side: their figures, what differs in their settings, and whether the figures can be compared.

The figures are those of each model's own evaluation (``evaluation/scores.json``), on prices of its test windows.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from contracts import model_metadata as metadata
from contracts.layout import SCORES_FILE
from contracts.status import TRAINING_STEP
from contracts.tables import ExecutionAttribute
from runs.aws_errors import is_missing_object
from runs.models import Model, bucket_and_key, model_package
from runs.report.stored import MEASURES, is_scores, snapshot_of
from runs.stack import Stack
from runs.store import execution_store
from runs.views import duration

MISSING = "–"
#: Characters of a SHA-256 that are shown.
DIGEST_SHOWN = 12
#: Fields of a template that say what is forecast. Losses of other quantities or steps are not comparable.
_QUANTITY = ("predictedAsset", "quantity", "unit", "frequency", "predictionLength")


@dataclass(frozen=True)
class Compared:
    """One of the two models. ``scores`` is None if its file is gone or cannot be used. ``item`` is its execution's, and
    empty if that is gone or was another stack's.
    """

    model: Model
    scores: Mapping[str, Any] | None
    item: Mapping[str, Any]

    @property
    def windows(self) -> list[tuple[str, str]]:
        """First and last time of each test window."""
        found = self.scores["windows"] if self.scores else []
        return [(window["start"], window["end"]) for window in found if window["kind"] == "test"]

    @property
    def prices(self) -> Mapping[str, str]:
        """Asset → SHA-256 of the price file that the training read; empty if that is unknown."""
        assets = snapshot_of(self.item.get(ExecutionAttribute.SNAPSHOT))[0].get("Assets", {})
        return {name: str(found.get("Sha256")) for name, found in assets.items() if isinstance(found, Mapping)}

    @property
    def started_with(self) -> Mapping[str, Any]:
        """What the training was started with besides template and prices; empty if that is unknown.

        A parameter that was not set at start has the default of the definition, so another definition may be another default.
        """
        objects, texts = snapshot_of(self.item.get(ExecutionAttribute.SNAPSHOT))
        if not texts:
            return {}
        digest = texts.get("DefinitionDigest", "")[:DIGEST_SHOWN]
        return {"parameter": objects.get("Parameters", {}), "definition": digest, "image": texts.get("ImageUri", "")}


@dataclass(frozen=True)
class Comparison:
    """``figures`` and ``settings`` are rows of a name and both models' values; ``reasons`` say why they are not comparable."""

    first: Compared
    second: Compared
    figures: list[tuple[str, str, str]]
    settings: list[tuple[str, str, str]]
    reasons: list[str]


def compare(stack: Stack, first_arn: str, second_arn: str) -> Comparison:
    """Return two model packages side by side.

    Raises:
        ProblemsError: one of them is not found, or none of ours.
    """
    first, second = (_compared(stack, arn) for arn in (first_arn, second_arn))
    values = [list(_figures(one)) for one in (first, second)]
    figures = [(name, value, other) for (name, value), (_, other) in zip(*values, strict=True)]
    settings = list(differences(first.model.template, second.model.template))
    if first.started_with and second.started_with:
        settings += differences(first.started_with, second.started_with)
    return Comparison(first, second, figures, settings, list(_reasons(first, second)))


def verdict(made: Comparison) -> str:
    """Return in one sentence which model's loss is lower, or why the losses are not comparable."""
    if made.reasons:
        return f"not comparable: {'; '.join(made.reasons)}"
    losses = [_test_scores(one)["mean_wQuantileLoss"] for one in (made.first, made.second)]
    if losses[0] == losses[1]:
        return "their losses are equal"
    better, worse = (0, 1) if losses[0] < losses[1] else (1, 0)
    version = (made.first, made.second)[better].model.version
    return (
        f"the loss of version {version} is {1 - losses[better] / losses[worse]:.1%} lower, on {len(made.first.windows)} windows"
    )


def _compared(stack: Stack, arn: str) -> Compared:
    model = model_package(stack, arn)
    bucket, folder = bucket_and_key(model.fitted_uri)
    scores: object = None
    try:
        body = stack.s3.get_object(Bucket=bucket, Key=f"{folder}/{SCORES_FILE}")["Body"].read()
        scores = json.loads(body)
    except ClientError as error:
        if not is_missing_object(error):
            raise
    except ValueError:
        pass  # shown as a model without scores
    # The training of a promoted model was in another stack; an execution with its id here is another one.
    item = {} if metadata.PROMOTED_FROM in model.properties else execution_store(stack).get(model.execution_id) or {}
    return Compared(model, scores if isinstance(scores, Mapping) and is_scores(scores) else None, item)


def _figures(one: Compared) -> Iterator[tuple[str, str]]:
    """What is known of a model, by name; always the same names in the same order."""
    model, properties = one.model, one.model.properties
    yield "version", str(model.version)
    yield "template", str(model.template.get("id", MISSING))
    yield "approval", model.approval
    yield "registered", f"{model.created_at:%Y-%m-%d %H:%M}"
    yield "execution", model.execution_id
    yield "promoted from", properties.get(metadata.PROMOTED_FROM, MISSING)
    steps = one.item.get(ExecutionAttribute.STEPS)
    step = steps.get(TRAINING_STEP) if isinstance(steps, Mapping) else None
    yield "training time", duration(step) if isinstance(step, Mapping) else MISSING
    yield "loss of the training", _number(properties.get(metadata.TRAINING_LOSS))
    yield "test windows", _windows(one.windows)
    yield from _skill(one.scores["skill"] if one.scores else {}, properties)
    yield from _scored(_test_scores(one) if one.scores else {})


def _skill(skill: Mapping[str, Any], properties: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Skill with its interval; without the scores, what the registry knows of it."""
    interval = skill.get("interval")
    known = f" ({interval[0]:.1%} to {interval[1]:.1%})" if interval else ""
    yield "skill", f"{skill['skill']:.1%}{known}" if skill else metadata.skill_text(properties)
    yield "best baseline", str(skill.get("baseline") or properties.get("BestBaseline", MISSING))
    yield "windows won", f"{skill['winRate']:.0%}" if skill else MISSING


def _scored(scores: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name in MEASURES:
        yield name, _number(scores.get(name))
    coverage = scores.get("coverage", {})
    for band in ("0.5", "0.8", "0.95"):
        share = coverage.get(band, {}).get("share")
        yield f"values in the {float(band):.0%} band", MISSING if share is None else f"{share:.0%}"


def _test_scores(one: Compared) -> Mapping[str, Any]:
    """Scores of the predicted asset's prices on the test windows."""
    scores = one.scores or {}
    found: Mapping[str, Any] = scores["forecasters"]["model"]["price"]["test"]["predicted"]
    return found


def _windows(windows: list[tuple[str, str]]) -> str:
    return f"{len(windows)}, {windows[0][0][:10]} to {windows[-1][1][:10]}" if windows else MISSING


def _number(value: object) -> str:
    try:
        return f"{float(str(value)):.4g}"
    except ValueError:
        return MISSING


def differences(first: Mapping[str, Any], second: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, str, str]]:
    """Yield the fields of two JSON objects that differ, by their path; both values as JSON, or a dash."""
    for name in sorted({*first, *second}):
        one, other = first.get(name), second.get(name)
        if isinstance(one, Mapping) and isinstance(other, Mapping):
            yield from differences(one, other, f"{path}{name}.")
        elif one != other:
            shown, beside = (MISSING if value is None else json.dumps(value) for value in (one, other))
            yield f"{path}{name}", shown, beside


def _reasons(first: Compared, second: Compared) -> Iterator[str]:
    """Why the losses of two models cannot be compared."""
    for one in (first, second):
        if one.scores is None:
            yield f"version {one.model.version} has no scores"
        elif _test_scores(one)["mean_wQuantileLoss"] is None:
            yield f"version {one.model.version} has no loss on its test windows"
    templates = first.model.template, second.model.template
    for name in _QUANTITY:
        values = [template.get(name) for template in templates]
        if values[0] != values[1]:
            yield f"{name} differs: {values[0]!r} and {values[1]!r}"
    if first.scores and second.scores:
        if first.windows != second.windows:
            yield f"their test windows differ: {_windows(first.windows)}, and {_windows(second.windows)}"
        if first.scores.get("levels") != second.scores.get("levels"):
            yield "their losses are means over different quantiles"
    asset = first.model.template.get("predictedAsset")
    digests = [one.prices.get(str(asset)) for one in (first, second)]
    if None not in digests and digests[0] != digests[1]:
        yield f"they read different price files of {asset}"
