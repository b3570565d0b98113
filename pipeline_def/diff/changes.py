"""The changes between two definitions, in the order that a reviewer needs: pipeline, steps, parameters, then step by step."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline_def.check.step_types import DATA, SECURITY
from pipeline_def.diff.effects import (
    REJECTED_AT_START,
    REQUIRED_AT_START,
    Effect,
    choice_effects,
    parameter_effects,
    place_effects,
    step_effects,
)
from pipeline_def.diff.flatten import Flat, Part, flatten
from pipeline_def.diff.topics import label_and_effects, label_of
from pipeline_def.diff.values import Leaf, both_sides, leaf

ADDED, REMOVED, CHANGED, REWIRED = "added", "removed", "changed", "rewired"
_RUNS_CODE = (Effect(SECURITY, "this code runs with the step's role"),)
#: Topics of a new step that a reviewer asks about first, in this order, and their effects.
_OF_NEW_STEP: Mapping[str, tuple[Effect, ...]] = {
    "image": _RUNS_CODE,
    "executor": _RUNS_CODE,
    "entry point": (),
    "role": (Effect(SECURITY, "the step has this role's permissions"),),
    "instance type": (),
    "network isolation": (),
    "output": (),
}
#: How files are moved, in contrast to their location.
_DETAIL = re.compile(r"(?:LocalPath|S3UploadMode|S3DataType|S3InputMode|S3DataDistributionType|S3CompressionType)$")
#: Labels that several values of a step share.
_SHARED = re.compile(r"(?:input|channel|output|property file) |network$|executor$|model information")
_PARAMETER_LABELS = {"Type": "type", "DefaultValue": "default", "EnumValues": "allowed values"}


@dataclass(frozen=True)
class Change:
    """One change. ``subject`` is the part (``step Training``), ``label`` what changed in it (empty: the part itself)."""

    subject: str
    how: str
    label: str = ""
    old: str | None = None
    new: str | None = None
    effects: tuple[Effect, ...] = ()
    #: The optional section of the template that a stack must use for this change to concern it.
    only_with: str = ""

    @property
    def words(self) -> str:
        """The change in words, without its effects."""
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
    """All changes from one parsed definition to another; order and white space are not changes."""
    before, after = flatten(old), flatten(new)
    whole = list(_leaf_changes("pipeline", before.pipeline, after.pipeline))
    found = [*_described_or_both("pipeline", before.pipeline, after.pipeline, whole), *_step_set_changes(before, after)]
    for name in _either(before.parameters, after.parameters):
        found += _parameter_changes(name, before.parameters.get(name), after.parameters.get(name))
    for name, step in before.steps.items():
        if name in after.steps:
            found += _described_or_both(
                f"step {name}", step, after.steps[name], list(_step_changes(name, step, after.steps[name]))
            )
    return found


def _described_or_both(subject: str, old: Part, new: Part, found: list[Change]) -> list[Change]:
    """If no change has a description although the texts differ, print both values."""
    if found or old.exact == new.exact:
        return found
    return [Change(subject, CHANGED, "definition", *both_sides(leaf("", old.raw), leaf("", new.raw)))]


def _step_set_changes(before: Flat, after: Flat) -> Iterator[Change]:
    for name, step in after.steps.items():
        if name not in before.steps:
            yield Change(f"step {name}", ADDED, new=_described(name, step, after), effects=step_effects(step.type))
            yield from _of_new_step(name, step)
    for name, step in before.steps.items():
        if name not in after.steps:
            effects = step_effects(step.type, removed=True)
            yield Change(f"step {name}", REMOVED, old=_described(name, step, before), effects=effects)


def _of_new_step(name: str, step: Part) -> Iterator[Change]:
    """What a new step runs, with which role, on what, and where it writes."""
    found = []
    for path, value in step.leaves.items():
        label = label_of(path)
        topic = "output" if label.startswith("output ") else label
        if topic in _OF_NEW_STEP and not _DETAIL.search(path):
            change = Change(f"step {name}", ADDED, label, None, value.words, _OF_NEW_STEP[topic])
            found.append((list(_OF_NEW_STEP).index(topic), change))
    yield from (change for _, change in sorted(found, key=lambda pair: pair[0]))


def _described(name: str, step: Part, flat: Flat) -> str:
    """``a Processing step, after FeatureEngineering, before Training``."""
    later = sorted(other for other, part in flat.steps.items() if name in part.after)
    parts = [f"a {step.type} step" + (f" in {step.place}" if step.place else "")]
    parts += [f"after {' and '.join(step.after)}"] if step.after else []
    parts += [f"before {' and '.join(later)}"] if later else []
    return ", ".join(parts)


def _parameter_changes(name: str, old: Part | None, new: Part | None) -> Iterator[Change]:
    subject = f"parameter {name}"
    if old is None and new is not None:
        required = () if "DefaultValue" in new.raw else (REQUIRED_AT_START,)
        yield Change(subject, ADDED, new=_parameter(new), effects=required + parameter_effects(name))
    elif new is None and old is not None:
        yield Change(subject, REMOVED, old=_parameter(old), effects=(REJECTED_AT_START, *parameter_effects(name)))
    elif old is not None and new is not None:
        for member in _either(_PARAMETER_LABELS, {**old.leaves, **new.leaves}):
            was, now = old.leaves.get(member), new.leaves.get(member)
            if not _same(was, now):
                effects = _member_effects(name, member, old.raw, new.raw)
                yield Change(subject, CHANGED, _PARAMETER_LABELS.get(member, member), *both_sides(was, now), effects)


def _parameter(part: Part) -> str:
    default = part.leaves.get("DefaultValue")
    return f"{part.type}, {f'default {default.words}' if default else 'without default'}"


def _member_effects(name: str, member: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[Effect, ...]:
    if member == "Type":
        return (Effect(DATA, "starts must set values of the new type"),)
    if member == "EnumValues":
        return choice_effects(name, old.get(member), new.get(member))
    if member != "DefaultValue":
        return ()
    required = (REQUIRED_AT_START,) if new.get(member) is None else ()
    return required + parameter_effects(name, old.get(member), new.get(member))


def _step_changes(name: str, old: Part, new: Part) -> Iterator[Change]:
    subject = f"step {name}"
    if old.type != new.type:
        yield Change(subject, CHANGED, "type", old.type, new.type, step_effects(new.type))
    if old.place != new.place:
        places = (old.place or "always runs", new.place or "always runs")
        yield Change(subject, REWIRED, "place", *places, place_effects(old.place, new.place))
    if old.after != new.after:
        effect = (Effect(DATA, "it runs at another time, with other files"),)
        yield Change(subject, REWIRED, "runs after", ", ".join(old.after), ", ".join(new.after), effect)
    yield from _leaf_changes(subject, old, new)


def _leaf_changes(subject: str, old: Part, new: Part) -> Iterator[Change]:
    found = []
    for path in _either(old.leaves, new.leaves):
        was, now = old.leaves.get(path), new.leaves.get(path)
        is_wiring = path.startswith("DependsOn") and old.after != new.after
        if not (_same(was, now) or is_wiring or _is_filled(path, was, new) or _is_filled(path, now, old)):
            found.append((path, *label_and_effects(path, was, now), both_sides(was, now)))
    shared = Counter(_qualified(label, path) for path, label, _, _ in found)
    for path, label, effects, (was_words, now_words) in found:
        qualified = _qualified(label, path)
        yield Change(
            subject, CHANGED, f"{label} ({path})" if shared[qualified] > 1 else qualified, was_words, now_words, effects
        )


def _is_filled(path: str, empty: Leaf | None, other: Part) -> bool:
    """True for an empty object or list that has members on the other side, which are changes themselves."""
    is_empty = empty is not None and empty.exact in ("{}", "[]")
    return is_empty and any(key.startswith((f"{path}.", f"{path}[")) for key in other.leaves)


def _same(old: Leaf | None, new: Leaf | None) -> bool:
    return (old and old.exact) == (new and new.exact)


def _qualified(label: str, path: str) -> str:
    """A label that several values share gets the value's name; for a location in S3, the label is sufficient."""
    last = path.rpartition(".")[2]
    return f"{label} ({last})" if _SHARED.match(label) and last != "S3Uri" else label


def _either(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Names of both, in the order of the old ones first."""
    return list(dict.fromkeys([*old, *new]))
