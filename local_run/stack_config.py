"""The configuration of a stack as the Pulumi CLI reads it: ``Pulumi.<stack>.yaml`` over the typed block of ``Pulumi.yaml``.

Values become text, as programs get them: numbers and booleans in JSON's spelling, lists and objects as JSON. Unlike the CLI,
everything wrong is told at once.
Source: pulumi 3.272, ``pkg/workspace/config.go`` and ``sdk/go/common/workspace/project.go`` (``ValidateConfigValue``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]  # its types are a package of their own

from contracts.problems import Problem, ProblemsError, nearest, one_problem

PROJECT_FILE = "Pulumi.yaml"
_STACK = re.compile(r"(?!\.)[A-Za-z0-9_.-]{1,100}")
_FLOAT_EXPONENT_FROM = 1e21
_INTEGER = re.compile(r"[-+]?[0-9]+")


@dataclass(frozen=True)
class StackConfig:
    """``values`` has every key with its namespace (``aws:region``, ``<project>:owner``), defaults included, as text."""

    project: str
    stack: str
    values: Mapping[str, str]
    secret_keys: tuple[str, ...] = ()

    @property
    def region(self) -> str | None:
        return self.values.get("aws:region")


@dataclass(frozen=True)
class _Value:
    """Text as the CLI keeps it; ``structured`` where it is JSON of a list, an object or null; ``secure`` where encrypted."""

    text: str
    structured: bool = False
    secure: bool = False


def read_stack_config(project_dir: Path, stack: str, overrides: Mapping[str, object] | None = None) -> StackConfig:
    """The configuration of ``stack``; ``overrides`` stand above the stack's file, as ``pulumi config set`` would write them.

    Raises:
        ProblemsError: no such file, a key missing or of another type than declared, an encrypted value that no override
            stands for.
    """
    project = _load(project_dir / PROJECT_FILE)
    name = str(project.get("name", ""))
    declared = _declared(project)
    settings = {**(_stack_file(project_dir, stack).get("config") or {}), **(overrides or {})}
    values = {_namespaced(name, key): _value(value) for key, value in settings.items()}
    for key, declaration in declared.items():
        given = next((declaration[word] for word in ("default", "value") if declaration.get(word) is not None), None)
        if given is not None:
            values.setdefault(_namespaced(name, key), _value(given))
    secret = tuple(_namespaced(name, key) for key, declaration in declared.items() if declaration.get("secret"))
    problems = [*_declaration_problems(name, declared), *_value_problems(name, declared, values)]
    if problems:
        raise ProblemsError(f"configuration of stack {stack}", problems)
    return StackConfig(name, stack, {key: value.text for key, value in sorted(values.items())}, secret)


def stacks(project_dir: Path) -> list[str]:
    """The stacks that the project's folder has a file for."""
    return sorted(path.name.removeprefix("Pulumi.").removesuffix(".yaml") for path in project_dir.glob("Pulumi.?*.yaml"))


def _stack_file(project_dir: Path, stack: str) -> dict[str, Any]:
    known = stacks(project_dir)
    if not _STACK.fullmatch(stack) or stack not in known:
        hint = nearest(stack, known)
        raise one_problem("stack", "name", stack, f"{hint} allowed: {', '.join(known) or 'none: there is no file'}".strip())
    return _load(project_dir / f"Pulumi.{stack}.yaml")


def _declared(project: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Each key's declaration; a plain value stands for a declaration with that ``value``."""
    block = project.get("config") or {}
    return {key: entry if isinstance(entry, dict) else {"value": entry} for key, entry in block.items()}


def _declaration_problems(project: str, declared: Mapping[str, dict[str, Any]]) -> Iterator[Problem]:
    for key, declaration in declared.items():
        where, kind, default = f"{PROJECT_FILE} config.{key}", declaration.get("type"), declaration.get("default")
        if default is not None and declaration.get("value") is not None:
            yield Problem(where, default, "allowed: 'default' or 'value', not both")
        if kind == "array" and "items" not in declaration:
            yield Problem(f"{where}.items", None, "an array declares the type of its items")
        if not _is_own(project, key):
            if kind is not None or default is not None:
                yield Problem(where, kind or default, "a key of another namespace has a 'value', no 'type' and no 'default'")
        elif kind is not None and default is not None and not _has_type(default, declaration):
            yield Problem(f"{where}.default", default, f"allowed: {_type_name(declaration)}")


def _value_problems(project: str, declared: Mapping[str, dict[str, Any]], values: Mapping[str, _Value]) -> Iterator[Problem]:
    for key, declaration in declared.items():
        full = _namespaced(project, key)
        value = values.get(full)
        if value is None:
            if _is_own(project, key):
                yield Problem(full, None, f"allowed: {_type_name(declaration)}; it has no default")
            continue
        content = json.loads(value.text) if value.structured else value.text
        if "type" in declaration and not value.secure and not _has_type(content, declaration):
            shown = "[secret]" if declaration.get("secret") else value.text
            yield Problem(full, shown, f"allowed: {_type_name(declaration)}")
    for full, value in values.items():
        if value.secure:
            yield Problem(full, "[secret]", "it is encrypted for the Pulumi CLI; give its value as an override")


def _has_type(content: object, declaration: Mapping[str, Any]) -> bool:
    """As the CLI sees it: what a stack's file has as a scalar is text, so that any scalar is a string."""
    kind = declaration["type"]
    if kind == "string":
        return isinstance(content, str)
    if kind == "integer":
        if isinstance(content, str):
            return _INTEGER.fullmatch(content) is not None
        return isinstance(content, (int, float)) and not isinstance(content, bool) and content == int(content)
    if kind == "boolean":
        return isinstance(content, bool) or content in ("true", "false")
    if kind == "object":
        return isinstance(content, dict)
    items = declaration.get("items")
    return isinstance(content, list) and items is not None and all(_has_type(item, items) for item in content)


def _type_name(declaration: Mapping[str, Any]) -> str:
    kind = str(declaration.get("type", "any value"))
    return f"array<{_type_name(declaration['items'])}>" if kind == "array" and "items" in declaration else kind


def _value(raw: object) -> _Value:
    if isinstance(raw, str):
        return _Value(raw)
    if isinstance(raw, dict) and raw.keys() == {"secure"}:
        return _Value(str(raw["secure"]), secure=True)
    return _Value(_json(raw), structured=not isinstance(raw, (bool, int, float)))


def _json(raw: object) -> str:
    """JSON as Go writes it: keys in order, no white space, ``<``, ``>`` and ``&`` escaped."""
    text = json.dumps(_whole(raw), separators=(",", ":"), ensure_ascii=False, sort_keys=True)
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _whole(raw: object) -> object:
    """Floats without a fraction as Go writes them."""
    if isinstance(raw, float) and raw.is_integer() and abs(raw) < _FLOAT_EXPONENT_FROM:
        return int(raw)
    if isinstance(raw, dict):
        return {str(key): _whole(value) for key, value in raw.items()}
    return [_whole(value) for value in raw] if isinstance(raw, list) else raw


def _namespaced(project: str, key: str) -> str:
    return key if ":" in key else f"{project}:{key}"


def _is_own(project: str, key: str) -> bool:
    return ":" not in key or key.startswith(f"{project}:")


def _load(path: Path) -> dict[str, Any]:
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 (a SafeLoader)
    except OSError as error:
        raise one_problem(path.name, "file", path.name, f"it must be readable ({error.strerror})") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise one_problem(path.name, "file", path.name, f"allowed: YAML ({' '.join(str(error).split())})") from error
    if content is None:
        return {}
    if not isinstance(content, dict) or not isinstance(content.get("config") or {}, dict):
        raise one_problem(path.name, "config", content, "allowed: a mapping of keys to values")
    return content


class _Loader(yaml.SafeLoader):  # type: ignore[misc]
    """YAML as the CLI's parser reads it: ``yes`` and ``1:30`` are text, and a key given twice is an error."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012


#: Of each kind of scalar: its forms, and the characters that one may begin with.
_SCALARS = (
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("int", r"[-+]?[0-9][0-9_]*|[-+]?0x[0-9a-fA-F_]+|[-+]?0o[0-7_]+|[-+]?0b[01_]+", list("-+0123456789")),
    ("float", r"[-+]?([0-9]+\.[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?|[-+]?[0-9]+[eE][-+]?[0-9]+", list("-+.0123456789")),
    ("timestamp", r"[0-9]{4}-[0-9]{2}-[0-9]{2}", list("0123456789")),
)
for _kind, _pattern, _first in _SCALARS:
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_kind}", re.compile(f"^(?:{_pattern})$"), _first)


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[str] = set()
    for key, _ in node.value:
        if key.value in seen:
            raise yaml.MarkedYAMLError(problem=f"the key {key.value!r} stands twice", problem_mark=key.start_mark)
        seen.add(key.value)
    mapping: dict[Any, Any] = loader.construct_mapping(node, deep=True)
    return mapping


def _date(loader: _Loader, node: yaml.ScalarNode) -> str:
    """A date without quotes is a moment to the CLI's parser, and reaches the program as Go prints one."""
    return f"{node.value} 00:00:00 +0000 UTC"


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
_Loader.add_constructor("tag:yaml.org,2002:timestamp", _date)
