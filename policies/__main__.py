"""Entry point for the Pulumi engine; ``python -m policies --list`` prints the controls and exemptions instead."""

from __future__ import annotations

import sys
from pathlib import Path

# The engine runs this folder by its path, but the pack is a package that imports its neighbours.
_ROOT = Path(__file__).resolve().parent.parent
sys.path[:] = [str(_ROOT), *(path for path in sys.path if Path(path).resolve() != Path(__file__).resolve().parent)]

_OPTIONS = {"--list", "--help", "-h"}


def main(arguments: list[str]) -> None:
    from contracts.problems import needs_extra, one_problem, reported, until_the_pipe_closes

    options = [argument for argument in arguments if argument.startswith("-")]
    with reported(), needs_extra("policies"), until_the_pipe_closes():
        if unknown := sorted(set(options) - _OPTIONS):
            allowed = "allowed: --list; `pulumi preview --policy-pack policies` starts the pack itself"
            raise one_problem("command line", "option", unknown[0], allowed)
        from pulumi_policy import PolicyPack

        from policies.pack import NAME, policies
        from policies.tables import print_tables

        if options:
            print_tables()
            return
        PolicyPack(NAME, policies(), description="Security controls of the model-training program")


if __name__ == "__main__":
    main(sys.argv[1:])
