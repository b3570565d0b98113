"""Command line of this package: ``python -m deploy_service --help``."""

from __future__ import annotations

from contracts.problems import needs_extra, reported


def main() -> None:
    with reported(), needs_extra("service"):
        from deploy_service.cli import app

        app(prog_name="python -m deploy_service")


if __name__ == "__main__":
    main()
