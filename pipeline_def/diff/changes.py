"""The changes between two definitions, in the order a reviewer wants them: steps, parameters, then step by step."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipeline_def.diff.effects import DATA, SECURITY, Effect, choice_effects, parameter_effects, place_effects, step_effects
from pipeline_def.diff.exact import exact
from pipeline_def.diff.facts import Facts, StepFacts, facts
from pipeline_def.diff.leaves import Leaf, differences, leaf, same, told_apart
from pipeline_def.diff.topics import label_and_effects, label_of

ADDED, REMOVED, CHANGED, REWIRED = "added", "removed", "changed", "rewired"
#: What is said where two texts mean different things and no rule below tells which.
NO_WORDS = "changed, in a way that this comparison has no words for: read the two texts"


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
        if self.old is None and self.new is None:
            return self.label
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
            found += list(_step_changes(step, after.steps[name])) or _unspoken(
                f"step {name}", step.exact, after.steps[name].exact
            )
    return found or _unspoken("pipeline", before.exact, after.exact)


def _unspoken(subject: str, old: str, new: str) -> list[Change]:
    """The last word on something for which no change was found: none, unless its exact texts differ."""
    return [Change(subject, CHANGED, NO_WORDS)] if old != new else []


def _whole_changes(before: Facts, after: Facts) -> Iterator[Change]:
    for path, old, new in differences(before.whole, after.whole):
        yield Change("pipeline", CHANGED, path, *told_apart(old, new))


def _step_set_changes(before: Facts, after: Facts) -> Iterator[Change]:
    for name, step in after.steps.items():
        if name not in before.steps:
            yield Change(f"step {name}", ADDED, new=_described(step, after), effects=step_effects(step.type))
            yield from _brought_along(name, step)
    for name, step in before.steps.items():
        if name not in after.steps:
            yield Change(f"step {name}", REMOVED, old=_described(step, before), effects=step_effects(step.type, removed=True))


_RUNS = (Effect(SECURITY, "this code runs with the step's role"),)
#: Topics that a reviewer asks about first when a step is new, in this order, and why.
_ASKED_FIRST = {
    "image": _RUNS,
    "executor": _RUNS,
    "entry point": (),
    "role": (Effect(SECURITY, "the step has this role's rights"),),
    "instance type": (),
    "network isolation": (),
    "output": (),
}
#: How files are moved, not where from or to.
_DETAIL = re.compile(r"(?:LocalPath|S3UploadMode|S3DataType|S3InputMode|S3DataDistributionType|S3CompressionType)$")


def _brought_along(name: str, step: StepFacts) -> Iterator[Change]:
    """What a new step runs, as whom, on what, and where it writes."""
    ranks = list(_ASKED_FIRST)
    told = []
    for path, value in step.leaves.items():
        label = label_of(path)
        topic = "output" if label.startswith("output ") else label
        if topic in _ASKED_FIRST and not _DETAIL.search(path):
            told.append((ranks.index(topic), Change(f"step {name}", ADDED, label, None, value.words, _ASKED_FIRST[topic])))
    yield from (change for _, change in sorted(told, key=lambda pair: pair[0]))


def _described(step: StepFacts, of: Facts) -> str:
    """``a Processing step, after FeatureEngineering, before Training``."""
    before = sorted(name for name, other in of.steps.items() if step.name in other.after)
    parts = [f"a {step.type} step" + (f" in {step.place}" if step.place else "")]
    if step.after:
        parts.append(f"after {' and '.join(sorted(step.after.values()))}")
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
            yield from _one_parameter(name, old, new)


#: Member of a parameter -> what a reviewer calls it.
_LABELS = {"Type": "type", "DefaultValue": "default", "EnumValues": "allowed values"}


def _one_parameter(name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    for member in _either(_LABELS, {**old, **new}):
        was, now = _member(name, member, old), _member(name, member, new)
        if same(was, now):
            continue
        effects = _member_effects(name, member, old, new)
        yield Change(f"parameter {name}", CHANGED, _LABELS.get(member, member), *told_apart(was, now), effects)


def _member_effects(name: str, member: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[Effect, ...]:
    if member == "Type":
        return (Effect(DATA, "starts must pass values of the new type"),)
    if member == "EnumValues":
        return choice_effects(name, old, new)
    if member != "DefaultValue":
        return ()
    needed = (Effect(DATA, "every start must pass it"),) if new.get(member) is None else ()
    return needed + parameter_effects(name, old.get(member), new.get(member))


def _parameter(name: str, raw: Mapping[str, Any]) -> str:
    default = _member(name, "DefaultValue", raw)
    return f"{raw.get('Type')}, {f'default {default.words}' if default else 'without default'}"


def _member(name: str, member: str, raw: Mapping[str, Any]) -> Leaf | None:
    """One member of a parameter; the parameter's own name tells whether a value of it is a secret."""
    if member not in raw:
        return None
    value = raw[member]
    if member == "EnumValues" and isinstance(value, list):
        items = [leaf(name, item) for item in value]
        return Leaf(exact(value, member), ", ".join(item.words for item in items), any(item.hidden for item in items))
    return leaf(name if member == "DefaultValue" else member, value)


def _step_changes(old: StepFacts, new: StepFacts) -> Iterator[Change]:
    subject = f"step {old.name}"
    if old.type != new.type:
        yield Change(subject, CHANGED, "type", old.type, new.type, step_effects(new.type))
    if old.place != new.place:
        places = (old.place or "always runs", new.place or "always runs")
        yield Change(subject, REWIRED, "place", *places, place_effects(old.place, new.place))
    if old.after != new.after:
        effect = (Effect(DATA, "it runs at another time, with other files"),)
        yield Change(subject, REWIRED, "runs after", _listed(old.after), _listed(new.after), effect)
    elif not same(old.depends_on, new.depends_on):
        label = "DependsOn (it waits for the same steps)"
        yield Change(subject, CHANGED, label, *told_apart(old.depends_on, new.depends_on))
    yield from _leaf_changes(subject, old.leaves, new.leaves)


def _listed(after: Mapping[str, str]) -> str:
    return ", ".join(sorted(after.values()))


def _leaf_changes(subject: str, old: Mapping[str, Leaf], new: Mapping[str, Leaf]) -> Iterator[Change]:
    found = [(path, *label_and_effects(path, was, now), told_apart(was, now)) for path, was, now in differences(old, new)]
    shared = Counter(_qualified(label, path) for path, label, _, _ in found)
    for path, label, effects, (was, now) in found:
        qualified = _qualified(label, path)
        yield Change(subject, CHANGED, f"{label} ({path})" if shared[qualified] > 1 else qualified, was, now, effects)


#: Labels that several leaves of a step share.
_SHARED = re.compile(r"(?:input|channel|output|property file) |network$|executor$|what the registry")


def _qualified(label: str, path: str) -> str:
    """A label that several leaves share tells which of them it is; of a place in S3 the label alone says enough."""
    last = path.rpartition(".")[2]
    return f"{label} ({last})" if _SHARED.match(label) and last != "S3Uri" else label


def _either(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Names of both, the old ones' order first."""
    return list(dict.fromkeys([*old, *new]))
