"""Checks that need the SageMaker SDK (``make author-check``, in the environment with the extra ``author``).

The committed template equals the generated one, generating it uses no network, the table of registries equals the SDK's, and
the notebook runs from top to bottom.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any
from unittest.mock import patch

from contracts.problems import Problem, ProblemsError
from contracts.regions import DEEPAR_ACCOUNTS, DEEPAR_REPOSITORY, DEEPAR_VERSION
from pipeline_def.author.generate import stale_problems

NOTEBOOK = Path(__file__).parents[1] / "notebook" / "pipeline.ipynb"
_CELL_SECONDS = 120
#: Isolated partitions, whose registries have other domains; contracts.regions does not contain them.
_ISOLATED = "us-iso"


@contextmanager
def no_network() -> Iterator[list[str]]:
    """Make connections and name lookups fail, and list them, because a thread of the SDK can hide the failure."""
    attempts: list[str] = []

    def refuse(*target: Any, **_: Any) -> None:
        attempts.append(repr(target[-1] if isinstance(target[0], socket.socket) else target[:2]))
        raise OSError("authoring must not use the network")

    with (
        patch.object(socket.socket, "connect", refuse),
        patch.object(socket.socket, "connect_ex", refuse),
        patch.object(socket, "getaddrinfo", refuse),
    ):
        yield attempts


def check_template() -> list[Problem]:
    """Generate the templates without a network and compare them."""
    with no_network() as attempts:
        problems = stale_problems()
    found = [Problem("network while authoring", attempt, "allowed: no network access") for attempt in attempts]
    return [*found, *problems]


def check_registries() -> list[Problem]:
    """Compare :data:`contracts.regions.DEEPAR_ACCOUNTS` with the SDK's table."""
    table = json.loads((files("sagemaker.core") / "image_uri_config" / f"{DEEPAR_REPOSITORY}.json").read_text())
    theirs = {
        region: account
        for region, account in table["versions"][DEEPAR_VERSION]["registries"].items()
        if not region.startswith(_ISOLATED)
    }
    regions = sorted(theirs.keys() | DEEPAR_ACCOUNTS.keys())
    return [
        Problem(f"contracts/regions.py {region}", DEEPAR_ACCOUNTS.get(region), f"the SDK has {theirs.get(region)}")
        for region in regions
        if theirs.get(region) != DEEPAR_ACCOUNTS.get(region)
    ]


def check_notebook(path: Path = NOTEBOOK) -> list[Problem]:
    """Execute the notebook from the repository's root. It must draw the graph, and the file must not contain outputs."""
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError
    from traitlets.config import Config

    notebook = nbformat.read(path, as_version=4)
    where = path.name
    if any(cell.get("outputs") for cell in notebook.cells):
        return [Problem(where, "with outputs", "allowed: a notebook without outputs, so that a diff shows only its text")]
    # Files instead of ports connect to the kernel.
    transport = Config({"KernelManager": {"transport": "ipc"}})
    root = {"metadata": {"path": str(path.parents[2])}}
    client = NotebookClient(notebook, timeout=_CELL_SECONDS, resources=root, config=transport)
    try:
        client.execute()
    except CellExecutionError as error:
        return [Problem(where, error.ename, f"every cell must run ({error.evalue})")]
    drawn = any("image/svg+xml" in output.get("data", {}) for cell in notebook.cells for output in cell.get("outputs", []))
    return [] if drawn else [Problem(where, None, "needed: a cell that draws the pipeline's graph")]


def run() -> None:
    """Run all checks.

    Raises:
        ProblemsError: everything that differs from the SageMaker SDK, or the SDK is not installed.
    """
    problems = [*check_template(), *check_registries(), *check_notebook()]
    if problems:
        raise ProblemsError("author-check", problems)
