"""Results of a deployment: its resources, the events of its progress, and the error of a resource."""

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
    """A resource is being created, was created or deleted, or failed. ``seconds`` is the duration of a finished step."""

    phase: Literal["creating", "created", "failed", "deleted"]
    urn: str
    type: str
    name: str
    seconds: float = 0.0


OnResource = Callable[[ResourceEvent], None]


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
    #: Unmasked state, account and region, which are needed for deleting it. Never shown.
    state: Properties = field(default_factory=dict, repr=False)
    aws: Aws | None = field(default=None, repr=False)


class ResourceError(ProblemsError):
    """A resource could not be created or deleted."""

    def __init__(self, urn: str, reason: str) -> None:
        self.urn = urn
        self.reason = reason
        super().__init__("local deployment", [Problem(urn, None, reason)])

    def __str__(self) -> str:
        return f"{self.subject}: {self.urn}: {self.reason}"


def as_resource_error(urn: str, error: Exception) -> ResourceError:
    """Return any error of a resource as a ResourceError with a message for the user and the same notes."""
    converted = _converted(urn, error)
    for note in getattr(error, "__notes__", ()):
        converted.add_note(note)
    return converted


def _converted(urn: str, error: Exception) -> ResourceError:
    if isinstance(error, ProblemsError):
        return ResourceError(urn, "; ".join(str(problem) for problem in error.problems))
    if isinstance(error, KeyError):
        return ResourceError(urn, f"the input {error} is missing")
    if isinstance(error, (AlreadyExistsError, ClientError, BotoCoreError, OSError)):
        return ResourceError(urn, str(error))
    return ResourceError(urn, f"{type(error).__name__}: {error}")
