"""The modules that a function's archive contains: its handler, and every module of this project that it imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

#: Packages that may go into a function; the Lambda runtime has everything else that a handler imports.
HANDLER_PACKAGES = ("contracts", "handlers", "runs")


def handler_sources(root: Path, handler: str) -> dict[str, str]:
    """Return path in the archive → text, sorted, for ``handlers.<handler>`` and every module of this project that it imports.

    A module that no handler imports is left out, so changing it does not update the function.
    """
    found: dict[str, str] = {}
    waiting = [f"handlers.{handler}"]
    while waiting:
        for path in _files(root, waiting.pop()):
            name = path.relative_to(root).as_posix()
            if name not in found:
                found[name] = path.read_text(encoding="utf-8")
                waiting += _imported(found[name])
    return dict(sorted(found.items()))


def _files(root: Path, module: str) -> Iterator[Path]:
    """The module's file and the ``__init__.py`` of its packages; only the latter if the name is a function or class."""
    parts = module.split(".")
    file = root.joinpath(*parts).with_suffix(".py")
    if file.is_file():
        yield file
    for depth in range(1, len(parts) + 1):
        package = root.joinpath(*parts[:depth], "__init__.py")
        if package.is_file():
            yield package


@cache
def _imported(source: str) -> list[str]:
    """Modules of our packages that a text imports, anywhere in it. Cached, because functions share most texts."""
    modules: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            modules += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            modules += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return [module for module in modules if module.partition(".")[0] in HANDLER_PACKAGES]
