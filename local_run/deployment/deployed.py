"""What a deployment tells: each resource as it was made, each step as it happens, and which resource failed, and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from botocore.exceptions import BotoCoreError, ClientError

from contracts.problems import Problem, ProblemsError
from local_run.emulator.resources import Aws, Properties
from local_run.emulator.resources.base import AlreadyExistsError


@dataclass(frozen=True)
class ResourceEvent:
    """One step of a resource's life, as it happens. ``seconds`` is how long the step took, once it is over."""

    phase: Literal["creating", "created", "failed", "deleted"]
    urn: str
    type: str
    name: str
    seconds: float = 0.0


Progress = Callable[[ResourceEvent], None]


@dataclass(frozen=True)
class DeployedResource:
    """A registered resource with its inputs and outputs (wire names; secrets as ``[secret]``). Components have no id."""

    urn: str
    type: str
    name: str
    id: str
    parent: str
    inputs: Properties
    outputs: Properties
    protect: bool = False
    #: What deleting it needs: its true state, and the account and region it lies in. Never shown.
    state: Properties = field(default_factory=dict, repr=False)
    aws: Aws | None = field(default=None, repr=False)


class ResourceError(ProblemsError):
    """A resource that could not be made or deleted: which one, and why."""

    def __init__(self, urn: str, reason: str) -> None:
        self.urn = urn
        self.reason = reason
        super().__init__("local deployment", [Problem(urn, None, reason)])

    def __str__(self) -> str:
        return f"{self.subject}: {self.urn}: {self.reason}"


def explained(urn: str, error: Exception) -> ResourceError:
    """The error of a resource in words for a user, with whatever was noted at it."""
    told = _in_words(urn, error)
    for note in getattr(error, "__notes__", ()):
        told.add_note(note)
    return told


def _in_words(urn: str, error: Exception) -> ResourceError:
    if isinstance(error, ProblemsError):
        return ResourceError(urn, "; ".join(str(problem) for problem in error.problems))
    if isinstance(error, KeyError):
        return ResourceError(urn, f"the input {error} is missing")
    if isinstance(error, (AlreadyExistsError, ClientError, BotoCoreError, OSError)):
        return ResourceError(urn, str(error))
    return ResourceError(urn, f"{type(error).__name__}: {error}")
