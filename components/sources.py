"""Which of our modules a function needs: its handler's, and all that they import of ours."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

#: Packages that may go into a function; everything else that a handler imports is in the Lambda runtime.
HANDLER_PACKAGES = ("contracts", "handlers", "runs")


def handler_sources(root: Path, handler: str) -> dict[str, str]:
    """Path in the archive to text, for ``handlers.<handler>`` and every module of ours that it imports, in order.

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
    """The module's file, and those of the packages around it; nothing where the name is that of a function or class."""
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
    """Modules of our packages that a text imports, anywhere in it. Most texts are shared by several functions."""
    modules: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            modules += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            modules += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return [module for module in modules if module.partition(".")[0] in HANDLER_PACKAGES]
