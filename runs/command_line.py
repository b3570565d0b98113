"""What all commands share: the console, common arguments, and how problems are reported."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer
from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError

from contracts.outputs import STACK_OUTPUTS_VARIABLE
from contracts.problems import UNSTATED, ProblemsError, one_problem, reported
from runs import views
from runs.aws_errors import code_of, message_of

CONSOLE = views.console()
_THIS_MACHINE = ("127.0.0.1", "localhost")

Id = Annotated[
    str | None,
    typer.Option("--id", help="The execution's id; default: template id and time."),
]
Execution = Annotated[str, typer.Argument(help="The execution's id, as `start` prints it and `list` shows it.")]
Package = Annotated[str, typer.Argument(help="ARN of the model package, as `models list` shows it.")]
TemplateId = Annotated[str, typer.Argument(help="Id of a stored template.")]
Outputs = Annotated[Path | None, typer.Option("--stack-outputs", help=f"File to use instead of {STACK_OUTPUTS_VARIABLE}.")]


@contextmanager
def aws_reported() -> Iterator[None]:
    """Print a user's problems, AWS's refusals and connection failures as one message each, with its notes and no traceback."""
    with reported():
        try:
            yield
        except ClientError as error:
            refused = f"was refused with {code_of(error)}: {message_of(error)}"
            raise _with_notes(one_problem("AWS", error.operation_name, UNSTATED, refused), error) from error
        except EndpointConnectionError as error:
            if urlsplit(os.environ.get("AWS_ENDPOINT_URL", "")).hostname not in _THIS_MACHINE:
                raise _unreachable(error) from error
            allowed = "the emulator is not running; start it with `python -m local_run up`, and paste the line that it prints"
            raise _with_notes(one_problem("AWS", "AWS_ENDPOINT_URL", os.environ["AWS_ENDPOINT_URL"], allowed), error) from error
        except BotoCoreError as error:
            raise _unreachable(error) from error


def print_line(line: str) -> None:
    """Print a line as it is: without markup, colours or line breaks of the console's own."""
    CONSOLE.print(line, markup=False, highlight=False, soft_wrap=True)


def _unreachable(error: BotoCoreError) -> ProblemsError:
    advice = "check the network, the region, the credentials and AWS_ENDPOINT_URL"
    failed = f"failed: {str(error).rstrip('.')}; {advice}"
    return _with_notes(one_problem("AWS", "request", UNSTATED, failed), error)


def _with_notes(problem: ProblemsError, error: Exception) -> ProblemsError:
    for note in getattr(error, "__notes__", ()):
        problem.add_note(note)
    return problem
