"""The command line of this package: ``python -m pipeline_def --help``."""

from __future__ import annotations

from contracts.problems import needs_extra, reported


def main() -> None:
    with needs_extra("cli"):
        from pipeline_def.cli import app
    with reported():
        app(prog_name="python -m pipeline_def")


if __name__ == "__main__":
    main()
