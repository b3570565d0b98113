"""The only reader of ``Pulumi.yaml`` and the stack files, for commands that run without the Pulumi CLI.

The result is what the CLI passes to a program: every value as text, lists and objects as JSON. Types are not checked here:
the CLI does that for ``pulumi up``, and :mod:`settings` rejects every value that is not allowed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]  # its types are a separate package

from contracts.problems import ProblemsError, nearest, one_problem
from settings import REGION_KEY, encrypted_problem

PROJECT_FILE = "Pulumi.yaml"
_STACK = re.compile(r"(?!\.)[A-Za-z0-9_.-]{1,100}")


@dataclass(frozen=True)
class StackConfig:
    """``values``: full key (``aws:region``, ``<project>:owner``) to text, defaults included."""

    project: str
    stack: str
    values: Mapping[str, str]

    @property
    def region(self) -> str | None:
        """The value of ``aws:region``."""
        return self.values.get(REGION_KEY)


def read_stack_config(project_dir: Path, stack: str, overrides: Mapping[str, object] | None = None) -> StackConfig:
    """Read the configuration of ``stack``. ``overrides`` take precedence over the stack's file.

    Raises:
        ProblemsError: a missing or malformed file, an unknown stack, or encrypted values without an override.
    """
    project = _load(project_dir / PROJECT_FILE)
    name = str(project.get("name", ""))
    own = {**_stack_file(project_dir, stack).get("config", {}), **(overrides or {})}
    values = {**_namespaced(name, _defaults(project)), **_namespaced(name, own)}
    problems = [encrypted_problem(name, key) for key, value in values.items() if _is_encrypted(value)]
    if problems:
        raise ProblemsError(f"configuration of stack {stack}", problems)
    return StackConfig(name, stack, {key: _text(value) for key, value in sorted(values.items())})


def stacks(project_dir: Path) -> list[str]:
    """The stacks that have a file in the project's folder."""
    return sorted(path.name.removeprefix("Pulumi.").removesuffix(".yaml") for path in project_dir.glob("Pulumi.?*.yaml"))


def _stack_file(project_dir: Path, stack: str) -> dict[str, Any]:
    known = stacks(project_dir)
    if not _STACK.fullmatch(stack) or stack not in known:
        hint = nearest(stack, known)
        allowed = f"allowed: {', '.join(known)}" if known else f"{project_dir} has no Pulumi.<stack>.yaml"
        raise one_problem("stack", "name", stack, f"{hint} {allowed}".strip())
    return _load(project_dir / f"Pulumi.{stack}.yaml")


def _defaults(project: Mapping[str, Any]) -> dict[str, Any]:
    """Each declared key's ``default`` or ``value``. A declaration that is no mapping is the value itself."""
    found = {}
    for key, declared in project.get("config", {}).items():
        entry = declared if isinstance(declared, dict) else {"value": declared}
        if given := [entry[word] for word in ("default", "value") if word in entry]:
            found[key] = given[0]
    return found


def _namespaced(project: str, values: Mapping[str, object]) -> dict[str, object]:
    return {key if ":" in key else f"{project}:{key}": value for key, value in values.items()}


def _is_encrypted(value: object) -> bool:
    """An encrypted value is an object with the key ``secure`` only; it can be an item of a list or object."""
    if isinstance(value, dict):
        return value.keys() == {"secure"} or any(map(_is_encrypted, value.values()))
    return isinstance(value, list) and any(map(_is_encrypted, value))


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False)


def _load(path: Path) -> dict[str, Any]:
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader) or {}  # noqa: S506 (it builds no objects)
    except OSError as error:
        raise one_problem(path.name, "file", path.name, f"it must be readable ({error.strerror})") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise one_problem(path.name, "file", path.name, f"allowed: YAML ({' '.join(str(error).split())})") from error
    config = (content.get("config") or {}) if isinstance(content, dict) else None
    if not isinstance(config, dict):
        raise one_problem(path.name, "config", content, "allowed: a mapping of keys to values")
    return {**content, "config": config}


class _Loader(yaml.BaseLoader):  # type: ignore[misc]
    """Reads every scalar as the text that is written there. As for the CLI, a repeated key is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value]
        repeated = next((key for position, key in enumerate(keys) if key in keys[:position]), None)
        if repeated is not None:
            raise yaml.MarkedYAMLError(problem=f"the key {repeated!r} is repeated", problem_mark=node.start_mark)
        mapping: dict[Any, Any] = super().construct_mapping(node, deep)
        return mapping
