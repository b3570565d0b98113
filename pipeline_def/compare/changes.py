"""The changes between two definitions, in the order a reviewer wants them: steps, parameters, then step by step."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipeline_def.checks.secret_patterns import is_secret
from pipeline_def.compare.effects import DATA, MODEL, SECURITY, STEP_EFFECTS, Effect, parameter_effects, topic_of
from pipeline_def.compare.facts import Facts, StepFacts, facts
from pipeline_def.compare.spell import spell

ADDED, REMOVED, CHANGED, REWIRED = "added", "removed", "changed", "rewired"


@dataclass(frozen=True)
class Change:
    """One change. ``subject`` is what it belongs to (``step Training``), ``label`` what changed of it (empty: the whole)."""

    subject: str
    how: str
    label: str = ""
    old: str | None = None
    new: str | None = None
    effects: tuple[Effect, ...] = field(default=())
    #: The optional section of the template that a stack must set for this to concern it.
    only_with: str = ""

    @property
    def words(self) -> str:
        """The change as a sentence without its effects."""
        if self.how in (ADDED, REMOVED) and not self.label:
            detail = self.new if self.how == ADDED else self.old
            return f"{self.how}: {detail}" if detail else self.how
        if self.how == REWIRED:
            return f"{self.label}: {self.old or 'nothing'} → {self.new or 'nothing'}"
        if self.how == ADDED:
            return f"{self.label}: {self.new}"
        if self.old is None:
            return f"{self.label} added: {self.new}"
        if self.new is None:
            return f"{self.label} removed: it was {self.old}"
        return f"{self.label}: {self.old} → {self.new}"


def compare(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Change]:
    """All changes from one parsed definition to another; order and white space are none."""
    before, after = facts(old), facts(new)
    found = [*_whole_changes(before, after), *_step_set_changes(before, after), *_parameter_changes(before, after)]
    for name, step in before.steps.items():
        if name in after.steps:
            found += _step_changes(step, after.steps[name])
    return found


def _whole_changes(before: Facts, after: Facts) -> Iterator[Change]:
    for path in _either(before.whole, after.whole):
        old, new = before.whole.get(path), after.whole.get(path)
        if old != new and {old, new} != {None, "null"}:
            yield Change("pipeline", CHANGED, path, old, new)


def _step_set_changes(before: Facts, after: Facts) -> Iterator[Change]:
    for name, step in after.steps.items():
        if name not in before.steps:
            yield Change(f"step {name}", ADDED, new=_described(step, after), effects=STEP_EFFECTS.get(step.type, ()))
            yield from _brought_along(step)
    for name, step in before.steps.items():
        if name not in after.steps:
            yield Change(f"step {name}", REMOVED, old=_described(step, before), effects=STEP_EFFECTS.get(step.type, ()))


#: Topics that a reviewer asks about first when a step is new, and why.
_ASKED_FIRST = {
    "image": (Effect(SECURITY, "this code runs with the step's role"),),
    "entry point": (),
    "role": (Effect(SECURITY, "the step has this role's rights"),),
    "instance type": (),
    "network isolation": (),
    "output": (),
}


def _brought_along(step: StepFacts) -> Iterator[Change]:
    """What a new step runs, as whom, on what, and where it writes."""
    for path, value in step.leaves.items():
        label, _ = topic_of(path)
        topic = "output" if label.startswith("output ") else label
        if topic in _ASKED_FIRST and not path.endswith(("LocalPath", "S3UploadMode")):
            yield Change(f"step {step.name}", ADDED, label, None, value, _ASKED_FIRST[topic])


def _described(step: StepFacts, of: Facts) -> str:
    """``a Processing step, after FeatureEngineering, before Training``."""
    before = sorted(name for name, other in of.steps.items() if step.name in other.after)
    parts = [f"a {step.type} step" + (f" in {step.place}" if step.place else "")]
    if step.after:
        parts.append(f"after {' and '.join(sorted(step.after))}")
    if before:
        parts.append(f"before {' and '.join(before)}")
    return ", ".join(parts)


def _parameter_changes(before: Facts, after: Facts) -> Iterator[Change]:
    for name in _either(before.parameters, after.parameters):
        old, new = before.parameters.get(name), after.parameters.get(name)
        subject = f"parameter {name}"
        if old is None and new is not None:
            needed = "DefaultValue" not in new
            must = (Effect(DATA, "every start must pass it"),) if needed else ()
            yield Change(subject, ADDED, new=_parameter(name, new), effects=must + parameter_effects(name))
        elif new is None and old is not None:
            gone = Effect(DATA, "a start that passes it is refused")
            yield Change(subject, REMOVED, old=_parameter(name, old), effects=(gone, *parameter_effects(name)))
        elif old is not None and new is not None:
            yield from _one_parameter(name, subject, old, new)


def _one_parameter(name: str, subject: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    for member, label in (("Type", "type"), ("DefaultValue", "default"), ("EnumValues", "allowed values")):
        was, now = old.get(member), new.get(member)
        if was == now and type(was) is type(now):
            continue
        if member == "DefaultValue":
            effects = parameter_effects(name, was, now)
            if now is None:
                effects = (Effect(DATA, "every start must pass it"), *effects)
        else:
            effects = (Effect(DATA, "starts that pass other values are refused"),)
        yield Change(subject, CHANGED, label, _value(name, was), _value(name, now), effects)


def _parameter(name: str, raw: Mapping[str, Any]) -> str:
    default = _value(name, raw.get("DefaultValue"))
    return f"{raw.get('Type')}, {'without default' if default is None else f'default {default}'}"


def _value(name: str, value: Any) -> str | None:
    if value is None:
        return None
    if is_secret(name, value):
        return f"'****' ({len(value)} characters, not shown)"
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    return spell(value)


def _step_changes(old: StepFacts, new: StepFacts) -> Iterator[Change]:
    subject = f"step {old.name}"
    if old.type != new.type:
        yield Change(subject, CHANGED, "type", old.type, new.type, STEP_EFFECTS.get(new.type, ()))
    if old.place != new.place:
        effect = (Effect(MODEL, "it runs under another condition"),)
        yield Change(subject, REWIRED, "place", old.place or "always runs", new.place or "always runs", effect)
    if old.after != new.after:
        effect = (Effect(DATA, "it runs at another time, with other files"),)
        yield Change(subject, REWIRED, "runs after", ", ".join(sorted(old.after)), ", ".join(sorted(new.after)), effect)
    for path in _either(old.leaves, new.leaves):
        was, now = old.leaves.get(path), new.leaves.get(path)
        if was != now:
            label, effects = topic_of(path)
            yield Change(subject, CHANGED, _qualified(label, path), was, now, effects)


#: Labels that several leaves of a step share.
_SHARED = re.compile(r"(?:input|channel|output|property file) |network$|executor$|what the registry")


def _qualified(label: str, path: str) -> str:
    """A label that several leaves share tells which of them it is; of a place in S3 the label alone says enough."""
    last = path.rpartition(".")[2]
    return f"{label} ({last})" if _SHARED.match(label) and last != "S3Uri" else label


def _either(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Names of both, the old ones' order first."""
    return list(dict.fromkeys([*old, *new]))
