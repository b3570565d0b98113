"""``python -m components``: who may do what in a stack, to what, and why."""

from __future__ import annotations

from contracts.problems import needs_extra, until_the_pipe_closes


def run() -> None:
    """Run the command line. A missing module is reported with the command that installs it."""
    with needs_extra(), until_the_pipe_closes():
        from components.cli import main

        main()


if __name__ == "__main__":
    run()
