"""A ``PULUMI_HOME`` that holds our plugins in the places where the CLI looks for the real ones."""

from __future__ import annotations

import json
import shlex
import sys
from importlib import resources
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = Path(__file__).resolve().parent / "plugins"
PACKAGES = ("aws", "docker")


def build_plugin_home(home: Path) -> Path:
    """Lay the plugins under ``home``, each under the version that the SDK of its package asks for."""
    for package in PACKAGES:
        version = _sdk_version(package)
        folder = home / "plugins" / f"resource-{package}-v{version}"
        folder.mkdir(parents=True)
        (folder / "__main__.py").write_text(_main(package, version), encoding="utf-8")
        # As the real ones, an executable: the CLI starts it without asking Python's language host, which takes a second.
        executable = folder / f"pulumi-resource-{package}"
        command = shlex.join([sys.executable, "-u", str(folder)])
        executable.write_text(f'#!/bin/sh\nexec {command} "$@"\n', encoding="utf-8")
        executable.chmod(0o755)
    return home


def _sdk_version(package: str) -> str:
    described = resources.files(f"pulumi_{package}").joinpath("pulumi-plugin.json").read_text(encoding="utf-8")
    return str(json.loads(described)["version"])


def _main(package: str, version: str) -> str:
    """The plugin's own folder holds nothing but the way to our code."""
    return (
        "import sys\n"
        f"sys.path[:0] = [{str(PLUGINS)!r}, {str(ROOT)!r}]\n"
        "from emulated.serve import main\n"
        f"main({package!r}, {version!r})\n"
    )
