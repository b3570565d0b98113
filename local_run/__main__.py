"""The command line of this room: ``python -m local_run --help``."""

from __future__ import annotations

from contracts.problems import needs_extra


def main() -> None:
    with needs_extra("local"):
        from local_run.cli import app

        app(prog_name="python -m local_run")


if __name__ == "__main__":
    main()
