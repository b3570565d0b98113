"""A step's members as leaves: each path with its exact value, which decides, and its words, which are shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline_def.check.definition import is_function
from pipeline_def.check.finding import mask
from pipeline_def.check.secret_patterns import is_secret
from pipeline_def.diff.exact import exact, is_unordered
from pipeline_def.diff.placeholder_values import whole_key
from pipeline_def.diff.spell import spell, spell_policy

#: List member -> the member of its items that names them.
_NAMED_LISTS = {
    "Outputs": "OutputName",
    "ProcessingInputs": "InputName",
    "InputDataConfig": "ChannelName",
    "Tags": "Key",
    "PropertyFiles": "PropertyFileName",
}


@dataclass(frozen=True)
class Leaf:
    """One value. Two leaves differ where ``exact`` does; ``words`` may be the same, and are stars where ``hidden``."""

    exact: str
    words: str
    hidden: bool = False


def leaf(name: str, value: Any, words: str | None = None) -> Leaf:
    """The leaf of a value that stands under a name, in the words of :func:`spell` or others."""
    exactly, text = exact(value, name), spell(value) if words is None else words
    hidden = is_secret(name, text) or (not isinstance(value, str) and is_secret("", exactly))
    return Leaf(exactly, mask(text) if hidden else text, hidden)


def same(old: Leaf | None, new: Leaf | None) -> bool:
    """Whether nothing changed; words may differ in an order that means nothing."""
    return (old and old.exact) == (new and new.exact)


def told_apart(old: Leaf | None, new: Leaf | None) -> tuple[str | None, str | None]:
    """Words for both sides of a change: where they are the same for both, the JSON, which shows kind and quoting."""
    if old is None or new is None or old.words != new.words:
        return old.words if old else None, new.words if new else None
    if old.hidden or new.hidden:
        return old.words, f"{new.words}, another value"
    return old.exact, new.exact


def leaves(value: Any, path: str, name: str | None = None) -> Iterator[tuple[str, Leaf]]:
    """Every leaf of a value: its path, with names in place of positions, and what stands there; an empty object is one too."""
    name = path.rpartition(".")[2] if name is None else name
    if isinstance(value, Mapping) and value and not is_function(value):
        for key, item in value.items():
            yield from leaves(item, f"{path}.{key}", key)
    elif isinstance(value, list) and value:
        yield from _list_leaves(value, path, name)
    else:
        yield path, leaf(name, value)


def _list_leaves(items: list[Any], path: str, name: str) -> Iterator[tuple[str, Leaf]]:
    key = _NAMED_LISTS.get(name)
    plain = all(is_function(item) or not isinstance(item, (Mapping, list)) for item in items)
    if key and all(isinstance(item, Mapping) and isinstance(item.get(key), str) for item in items):
        for item in items:
            yield from leaves({inner: value for inner, value in item.items() if inner != key}, f"{path}.{item[key]}")
    elif len(items) == 1 and whole_key(items[0]):
        yield path, leaf(name, items, items[0])
    elif plain and is_unordered(name):
        # Each value is there or not, wherever it stands.
        for one in (leaf("", item) for item in items):
            yield f"{path}[{one.words}]", one
    elif plain:
        shown = list(_masked(items))
        yield path, Leaf(exact(items, name), " ".join(shown), shown != [spell(item) for item in items])
    else:
        for index, item in enumerate(sorted(items, key=exact) if is_unordered(name) else items):
            yield from leaves(item, f"{path}[{index}]")


def _masked(items: list[Any]) -> Iterator[str]:
    """Arguments in order, a secret after its flag, behind the flag's equals sign or anywhere else as stars."""
    flag = ""
    for item in items:
        text = spell(item)
        name, equals, value = text.partition("=")
        if is_secret(flag.lstrip("-"), text):
            yield mask(text)
        elif equals and name.startswith("-") and is_secret(name.lstrip("-"), value):
            yield f"{name}={mask(value)}"
        else:
            yield text
        flag = text if text.startswith("-") else ""


def retry_leaves(policies: Any) -> Iterator[tuple[str, Leaf]]:
    """Retry policies by the kinds of error they are for."""
    if not isinstance(policies, list) or not policies:
        yield from leaves(policies, "RetryPolicies")
        return
    for index, policy in enumerate(policies):
        if isinstance(policy, Mapping):
            kinds, words = spell_policy(policy)
            yield f"RetryPolicies.{kinds}", leaf("", policy, words)
        else:
            yield from leaves(policy, f"RetryPolicies[{index}]")


def differences(old: Mapping[str, Leaf], new: Mapping[str, Leaf]) -> Iterator[tuple[str, Leaf | None, Leaf | None]]:
    """Paths whose values differ, the old ones' order first, with both values."""
    old, new = _as_divided(old, new), _as_divided(new, old)
    for path in dict.fromkeys([*old, *new]):
        was, now = old.get(path), new.get(path)
        if not same(was, now):
            yield path, was, now


def _as_divided(here: Mapping[str, Leaf], there: Mapping[str, Leaf]) -> dict[str, Leaf]:
    """One side's leaves as the other side divides them, so that a change of shape is one change.

    What stands below a path where the other has a template's key is one value; an empty object or list whose parts the other
    has says nothing that these do not.
    """
    found = {path: one for path, one in here.items() if not (one.exact in ("{}", "[]") and _below(path, there))}
    for path, key in there.items():
        parts = _below(path, here) if path not in here and whole_key(key.words) else []
        if parts:
            words = ", ".join(_part_in_words(part.removeprefix(path), here[part].words) for part in parts)
            exactly = ",".join(f"{part}={here[part].exact}" for part in parts)
            found = {kept: one for kept, one in found.items() if kept not in parts}
            found[path] = Leaf(exactly, words, any(here[part].hidden for part in parts))
    return found


def _part_in_words(path: str, words: str) -> str:
    """``[subnet-1]`` is its own words; ``.owner.Value`` of a tag is ``owner: …``."""
    return words if path.startswith("[") else f"{path.removeprefix('.').removesuffix('.Value')}: {words}"


def _below(path: str, side: Mapping[str, Leaf]) -> list[str]:
    return [] if path in side else [part for part in side if part.startswith((f"{path}.", f"{path}["))]
