"""Commands of the deployment service."""

from __future__ import annotations

import typer

from deploy_service.pull_request.commands import add_pull_request_commands

app = typer.Typer(
    help="Preview what a change does to a stack, and show it in the pull request.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
add_pull_request_commands(app)
