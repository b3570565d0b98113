"""Command line: ``python -m local_run --help``."""

from __future__ import annotations

import os
import sys

from contracts.problems import needs_extra
from fe_image.container.library_environment import prepare


def main() -> None:
    if sys.argv[1:2] == ["features"]:
        prepare(os.environ)  # as in the step's container; the commands' own imports load numpy, which reads it
    with needs_extra("local"):
        from local_run.cli import app

        app(prog_name="python -m local_run")


if __name__ == "__main__":
    main()
