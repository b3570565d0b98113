"""What only the SageMaker SDK can tell (``make author-check``): run it in the environment with the extra ``author``.

The committed template is what the authored pipeline gives, and giving it reaches no network; the table of the built-in
algorithm's registries is the SDK's; the notebook runs from top to bottom.
"""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any
from unittest.mock import patch

from contracts.problems import Problem, ProblemsError
from contracts.regions import DEEPAR_ACCOUNTS, DEEPAR_REPOSITORY, DEEPAR_VERSION
from pipeline_def.template.generate import stale_problem

NOTEBOOK = Path(__file__).parents[1] / "notebook" / "pipeline.ipynb"
_CELL_SECONDS = 120
#: Partitions of their own, whose registries answer under other domains; contracts.regions leaves them out.
_ISOLATED = "us-iso"


@contextmanager
def no_network() -> Iterator[list[str]]:
    """Whatever connects or looks up a name fails, and is listed: a thread of the SDK's would swallow the failure alone."""
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
    """Regenerates with the network off."""
    with no_network() as attempts:
        problem = stale_problem()
    found = [Problem("network while authoring", attempt, "allowed: none") for attempt in attempts]
    return [*found, problem] if problem else found


def check_registries() -> list[Problem]:
    """Compares :data:`contracts.regions.DEEPAR_ACCOUNTS` with the SDK's own table."""
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
    """Executes the notebook from the repository's root and finds its graph drawn; the file itself has no outputs."""
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError
    from traitlets.config import Config

    notebook = nbformat.read(path, as_version=4)
    where = path.name
    if any(cell.get("outputs") for cell in notebook.cells):
        return [Problem(where, "with outputs", "allowed: committed without outputs, so that its differences are its text")]
    # The kernel is spoken to through files, so that no port is opened.
    transport = Config({"KernelManager": {"transport": "ipc"}})
    root = {"metadata": {"path": str(path.parents[2])}}
    client = NotebookClient(notebook, timeout=_CELL_SECONDS, resources=root, config=transport)
    try:
        client.execute()
    except CellExecutionError as error:
        return [Problem(where, error.ename, f"every cell must run ({error.evalue})")]
    drawn = any("image/svg+xml" in output.get("data", {}) for cell in notebook.cells for output in cell.get("outputs", []))
    return [] if drawn else [Problem(where, None, "it must draw the pipeline's graph")]


def main() -> int:
    """All problems at once; exit code 1 where there is any."""
    try:
        problems = check_template()
        problems += check_registries()
        problems += check_notebook()
    except ProblemsError as error:
        print(error, file=sys.stderr)
        return 1
    if problems:
        print(ProblemsError("author-check", problems), file=sys.stderr)
        return 1
    print("the template, the registries and the notebook agree with the SageMaker SDK")
    return 0


if __name__ == "__main__":
    sys.exit(main())
