"""The command line of this room: ``python -m pipeline_def --help``."""

from __future__ import annotations

import sys

from contracts.problems import ProblemsError


def main() -> int:
    """Run the command line; a problem the user can mend is printed without a traceback, exit code 1."""
    try:
        from pipeline_def.cli import app
    except ModuleNotFoundError as error:
        if error.name not in ("typer", "rich"):
            raise
        print(f"the command line needs the module {error.name}: pip install '.[cli]'", file=sys.stderr)
        return 1
    try:
        app()
    except ProblemsError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
