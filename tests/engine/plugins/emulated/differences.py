"""What differs between a resource's old and new inputs, property by property: what a preview shows."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from typing import Any

from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import provider_pb2

from emulated.wire import Properties, plain_map, same

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_KINDS = provider_pb2.PropertyDiff


def changed_paths(old: Any, new: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Path (``rules[0].status``, ``tags["a.b"]``) and ``ADD``, ``DELETE`` or ``UPDATE`` of each difference."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            yield from _changed(old, new, key, _joined(path, key))
    elif isinstance(old, list) and isinstance(new, list):
        before, after = dict(enumerate(old)), dict(enumerate(new))
        for index in sorted(before.keys() | after.keys()):
            yield from _changed(before, after, index, f"{path}[{index}]")
    elif not same(old, new):
        yield path, "UPDATE"


def _changed(old: dict[Any, Any], new: dict[Any, Any], key: Any, path: str) -> Iterator[tuple[str, str]]:
    if key not in new:
        yield path, "DELETE"
    elif key not in old:
        yield path, "ADD"
    else:
        yield from changed_paths(old[key], new[key], path)


def _joined(path: str, key: str) -> str:
    if not _WORD.fullmatch(key):
        return f"{path}[{json.dumps(key)}]"
    return f"{path}.{key}" if path else key


def under(path: str, names: Collection[str]) -> bool:
    """Whether a path is one of the properties, or lies in one."""
    return any(path == name or path.startswith((f"{name}.", f"{name}[")) for name in names)


def response(old: Struct, new: Struct, replace_on: Collection[str], ignored: Collection[str]) -> provider_pb2.DiffResponse:
    """The comparison of two sets of inputs. ``replace_on`` names what no update can change."""
    return of_properties(plain_map(old), plain_map(new), replace_on, ignored)


def of_properties(
    old: Properties, new: Properties, replace_on: Collection[str], ignored: Collection[str]
) -> provider_pb2.DiffResponse:
    answer = provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE, hasDetailedDiff=True)
    for path, kind in changed_paths(old, new):
        if under(path, ignored):
            continue
        top = re.split(r"[.\[]", path, maxsplit=1)[0]
        replaces = under(path, replace_on)
        answer.changes = provider_pb2.DiffResponse.DIFF_SOME
        value = getattr(_KINDS, f"{kind}_REPLACE" if replaces else kind)
        answer.detailedDiff[path].CopyFrom(provider_pb2.PropertyDiff(kind=value, inputDiff=True))
        for names in (answer.diffs, answer.replaces) if replaces else (answer.diffs,):
            if top not in names:
                names.append(top)
    return answer
