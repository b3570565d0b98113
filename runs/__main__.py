"""Command line of this package: ``python -m runs --help``."""

from __future__ import annotations

from contracts.problems import needs_extra


def main() -> None:
    with needs_extra("cli"):
        from runs.cli import app

        app(prog_name="python -m runs")


if __name__ == "__main__":
    main()
