"""A definition as parts (the pipeline, its parameters and steps), each with its values by readable path."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pipeline_def.check.definition import BRANCHES, gets, is_function, join_path
from pipeline_def.diff.values import (
    Leaf,
    exact,
    have_own_errors,
    is_unordered,
    leaf,
    spell_condition,
    spell_list,
    spell_policy,
)

#: List -> the member of its items that names them.
_NAMED_LISTS = {
    "Outputs": "OutputName",
    "ProcessingInputs": "InputName",
    "InputDataConfig": "ChannelName",
    "Tags": "Key",
    "PropertyFiles": "PropertyFileName",
}
_OWN_PATHS = ("Name", "Type", "Arguments", "RetryPolicies")
T = TypeVar("T", Leaf, "Part")


@dataclass(frozen=True)
class Part:
    """The pipeline itself, a parameter or a step.

    ``leaves`` maps readable paths to values and ``exact`` is the part's canonical text. Only a step has ``place``, the branch
    that contains it (empty at the top), and ``after``, the names of the steps that run before it.
    """

    raw: Any
    leaves: Mapping[str, Leaf]
    exact: str
    type: str = ""
    place: str = ""
    after: tuple[str, ...] = ()


@dataclass(frozen=True)
class Flat:
    """All parts of a definition; parameters and steps by name. Of two with one name, the second is called ``name (2)``."""

    pipeline: Part
    parameters: Mapping[str, Part] = field(default_factory=dict)
    steps: Mapping[str, Part] = field(default_factory=dict)


def flatten(raw: Mapping[str, Any]) -> Flat:
    """Take any JSON object apart; what is neither a step nor a parameter belongs to the pipeline."""
    parameters = [item for item in _items(raw, "Parameters") if _is_named(item)]
    steps = list(_steps(_items(raw, "Steps"), ()))
    names = {item["Name"] for item, _ in steps}
    rest = {**raw, **{key: _unnamed(raw[key], key) for key in ("Parameters", "Steps") if key in raw}}
    leaves = [pair for key, value in rest.items() if value != [] or raw[key] == [] for pair in _leaves(value, key)]
    return Flat(
        Part(rest, _numbered(leaves), exact(rest)),
        _numbered((item["Name"], _parameter(item)) for item in parameters),
        _numbered((item["Name"], _step(item, branches, names)) for item, branches in steps),
    )


def _items(raw: Any, key: str) -> list[Any]:
    items = raw.get(key) if isinstance(raw, Mapping) else None
    return items if isinstance(items, list) else []


def _is_named(item: Any) -> bool:
    return isinstance(item, Mapping) and isinstance(item.get("Name"), str)


def _is_step(item: Any) -> bool:
    return _is_named(item) and isinstance(item.get("Type"), str)


def _unnamed(items: Any, key: str) -> Any:
    """What remains of a list without its parameters or steps, which are parts of their own."""
    is_part = _is_named if key == "Parameters" else _is_step
    return [item for item in items if not is_part(item)] if isinstance(items, list) else items


def _steps(items: list[Any], branches: tuple[str, ...]) -> Iterator[tuple[Mapping[str, Any], tuple[str, ...]]]:
    for item in items:
        if _is_step(item):
            yield item, branches
            for branch in BRANCHES if item["Type"] == "Condition" else ():
                yield from _steps(_items(item.get("Arguments"), branch), (*branches, f"{branch} of {item['Name']}"))


def _parameter(raw: Mapping[str, Any]) -> Part:
    """A parameter's own name decides if its values are secrets."""
    leaves = {}
    for key, value in raw.items():
        if key == "EnumValues" and isinstance(value, list):
            items = [leaf(raw["Name"], item) for item in value]
            leaves[key] = Leaf(exact(value, key), ", ".join(item.words for item in items), any(item.hidden for item in items))
        elif key != "Name":
            leaves[key] = leaf(raw["Name"] if key == "DefaultValue" else key, value)
    return Part(raw, leaves, exact(raw), type=str(raw.get("Type")))


def _step(raw: Mapping[str, Any], branches: tuple[str, ...], names: set[str]) -> Part:
    own = _without_inner_steps(raw)
    targets = [target for _, target in gets(own.get("Arguments"), "") if isinstance(target, str)]
    earlier = [name for name in _items(raw, "DependsOn") if isinstance(name, str)]
    earlier += [target.split(".")[1] for target in targets if target.startswith("Steps.")]
    earlier += [branches[-1].partition(" of ")[2]] if branches else []
    after = tuple(sorted({name for name in earlier if name in names}))
    return Part(raw, _numbered(_step_leaves(own)), exact(own), raw["Type"], " → ".join(branches), after)


def _without_inner_steps(raw: Mapping[str, Any]) -> dict[str, Any]:
    arguments = raw.get("Arguments")
    if raw["Type"] != "Condition" or not isinstance(arguments, Mapping):
        return dict(raw)
    branches = {key: _unnamed(arguments[key], key) for key in BRANCHES if key in arguments}
    return {**raw, "Arguments": {**arguments, **branches}}


def _step_leaves(own: Mapping[str, Any]) -> Iterator[tuple[str, Leaf]]:
    arguments = own.get("Arguments")
    for key, value in arguments.items() if isinstance(arguments, Mapping) else ():
        if key == "Conditions" and isinstance(value, list):
            yield key, leaf(key, value, " and ".join(sorted(map(spell_condition, value))))
        elif key in BRANCHES and value == []:
            yield key, leaf(key, value, "a list of steps")
        else:
            yield from _leaves(value, key)
    if "Arguments" in own and not isinstance(arguments, Mapping):
        yield from _leaves(arguments, "Arguments")
    if "RetryPolicies" in own:
        yield from _retry_leaves(own["RetryPolicies"])
    for key, value in own.items():
        if key not in _OWN_PATHS:
            yield from _leaves(value, key)


def _retry_leaves(policies: Any) -> Iterator[tuple[str, Leaf]]:
    if not isinstance(policies, list) or not all(isinstance(policy, Mapping) for policy in policies) or not policies:
        yield from _leaves(policies, "RetryPolicies")
        return
    own_errors = have_own_errors(policies)
    for index, policy in enumerate(policies):
        errors, words = spell_policy(policy)
        yield f"RetryPolicies.{errors}" + ("" if own_errors else f" (number {index + 1})"), leaf("", policy, words)


def _leaves(value: Any, path: str, name: str | None = None) -> Iterator[tuple[str, Leaf]]:
    """Every value inside a value, with names in paths instead of positions. An empty object is a value, too."""
    name = path if name is None else name
    if isinstance(value, Mapping) and value and not is_function(value):
        for key, item in value.items():
            yield from _leaves(item, join_path(path, key), key)
    elif isinstance(value, list) and value:
        yield from _list_leaves(value, path, name)
    else:
        yield path, leaf(name, value)


def _list_leaves(items: list[Any], path: str, name: str) -> Iterator[tuple[str, Leaf]]:
    key = _NAMED_LISTS.get(name)
    is_plain = all(is_function(item) or not isinstance(item, (Mapping, list)) for item in items)
    if key and all(isinstance(item, Mapping) and isinstance(item.get(key), str) for item in items):
        for item in items:
            yield from _leaves(
                {inner: value for inner, value in item.items() if inner != key}, f"{path}.{item[key]}", item[key]
            )
    elif is_plain and is_unordered(name):
        # Each value is present or absent, at any position.
        for one in (leaf("", item) for item in items):
            yield f"{path}[{one.words}]", one
    elif is_plain:
        words, hidden = spell_list(items)
        yield path, Leaf(exact(items, name), words, hidden)
    else:
        for index, item in enumerate(sorted(items, key=exact) if is_unordered(name) else items):
            yield from _leaves(item, f"{path}[{index}]", "")


def _numbered(pairs: Iterable[tuple[str, T]]) -> dict[str, T]:
    """Things by name; of several with one name, all but the first (by exact text) get a number: ``Training (2)``."""
    groups: dict[str, list[T]] = {}
    for name, thing in pairs:
        groups.setdefault(name, []).append(thing)
    return {
        name if number == 1 else f"{name} ({number})": thing
        for name, group in groups.items()
        for number, thing in enumerate(sorted(group, key=lambda one: one.exact), start=1)
    }
