"""What every executor does before its step: read the command line, and set up the environment of the libraries."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Mapping
from typing import TypeAlias

from fe_image.container.exit_message import exit_message_on_failure
from fe_image.container.library_environment import prepare

#: A step: execution id and environment -> exit code.
RunStep: TypeAlias = Callable[[str, Mapping[str, str]], int]


def execute(description: str, load: Callable[[], RunStep]) -> int:
    """Read ``--executionid``, run the step, and return its exit code.

    ``load`` imports the step. It is called late, because the libraries read the environment when they are imported.
    """
    with exit_message_on_failure(os.environ):
        parser = argparse.ArgumentParser(description=description)
        parser.add_argument("--executionid", required=True, help="id of the execution whose snapshot lists the inputs")
        execution_id = parser.parse_args().executionid
        prepare(os.environ)
        run_step = load()
    return run_step(execution_id, os.environ)
