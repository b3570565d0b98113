"""Deploy a Pulumi program onto the emulator, in this process: the program as it is, with real resources at the end.

``deploy`` either leaves everything the program declares, or nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from contracts.outputs import StackOutputs
from contracts.problems import Problem, ProblemsError, one_problem
from local_run.deployment.deployed import DeployedResource, Progress, ResourceError, ResourceEvent
from local_run.deployment.monitor import Monitor
from local_run.deployment.program import run_program
from local_run.emulator.actors import DEPLOYER
from local_run.emulator.resources import Aws, Properties, resource_of
from local_run.emulator.server import Emulator
from stack_config import StackConfig, read_stack_config

ImageBuilder = Callable[[Properties], str]
_NO_REGION = "set it in the stack's file, or give it as an override"


@dataclass(frozen=True)
class Deployment:
    """A deployed stack. ``outputs`` are its exports; one that the program marks as secret stands as ``[secret]``."""

    config: StackConfig
    region: str
    outputs: Properties
    secret_outputs: tuple[str, ...]
    resources: tuple[DeployedResource, ...]
    seconds: float

    def stack_outputs(self) -> StackOutputs:
        """The exports that every stack of this project has; :class:`ProblemsError` names what is missing."""
        return StackOutputs.from_mapping(self.outputs, f"outputs of stack {self.config.stack}")

    def of_type(self, type_: str) -> list[DeployedResource]:
        return [resource for resource in self.resources if resource.type == type_]

    def destroy(self, progress: Progress | None = None) -> None:
        """Delete all resources, last made first.

        Raises:
            ProblemsError: resources are protected (then nothing is deleted), or some could not be deleted.
        """
        protected = [resource for resource in self.resources if resource.protect]
        if protected:
            problems = [Problem(resource.urn, "protect", "take the protection away first") for resource in protected]
            raise ProblemsError(f"destroying stack {self.config.stack}", problems)
        _delete(self.resources, progress, discard=False)


def deploy(
    emulator: Emulator,
    project_dir: Path,
    stack: str,
    config_overrides: Mapping[str, object] | None = None,
    progress: Progress | None = None,
    image_builder: ImageBuilder | None = None,
) -> Deployment:
    """Run the program of ``project_dir`` and make everything it declares.

    ``config_overrides`` stand above the stack's file (``{"model-training:assetsBucketName": "prices"}``). ``progress`` is
    called from worker threads, one event at a time. ``image_builder`` builds an image from its resource's inputs and gives its
    id; without one, images get a stand-in in the registry.

    Raises:
        ProblemsError: what the configuration, the program or a resource (:class:`ResourceError`) complains about. Whatever had
            been made is gone again, as after any other error of the program.
    """
    started = time.monotonic()
    config, monitor = _prepare(emulator, project_dir, stack, config_overrides, False, progress, image_builder)
    try:
        run_program(project_dir, config, monitor)
    except BaseException as error:
        _undo(monitor.created, error)
        raise
    seconds = time.monotonic() - started
    return Deployment(
        config, str(config.region), monitor.outputs, tuple(monitor.secret_outputs), tuple(monitor.created), seconds
    )


def preview(
    emulator: Emulator, project_dir: Path, stack: str, config_overrides: Mapping[str, object] | None = None
) -> tuple[DeployedResource, ...]:
    """What the program would register on an empty account, with its inputs: nothing is made, what AWS decides is unknown."""
    config, monitor = _prepare(emulator, project_dir, stack, config_overrides, True, None, None)
    run_program(project_dir, config, monitor, preview=True)
    return tuple(monitor.created)


def _prepare(
    emulator: Emulator,
    project_dir: Path,
    stack: str,
    overrides: Mapping[str, object] | None,
    dry: bool,
    progress: Progress | None,
    image_builder: ImageBuilder | None,
) -> tuple[StackConfig, Monitor]:
    config = read_stack_config(project_dir, stack, overrides)
    if config.region is None:
        raise one_problem(f"configuration of stack {stack}", "aws:region", None, _NO_REGION)

    def client_of(service: str, region: str) -> object:
        return emulator.client(service, DEPLOYER, region)

    aws = Aws(client_of, emulator.account_id, config.region, image_builder)
    return config, Monitor(aws, config.project, config.stack, dry, progress)


def _undo(created: list[DeployedResource], error: BaseException) -> None:
    """Delete what a failed deployment made; what can not be deleted is told with the failure."""
    try:
        _delete(created, None, discard=True)
    except ProblemsError as left:
        error.add_note(f"left behind: {left}")


def _delete(resources: list[DeployedResource] | tuple[DeployedResource, ...], progress: Progress | None, discard: bool) -> None:
    problems = []
    for resource in reversed(resources):
        if resource.aws is None:
            continue
        kind, started = resource_of(resource.type), time.monotonic()
        delete = kind.discard if discard else kind.delete
        try:
            delete(resource.aws, resource.id, resource.state)
        except Exception as error:
            problems.append(Problem(resource.urn, resource.id, f"could not be deleted: {error}"))
            continue
        if progress is not None:
            seconds = time.monotonic() - started
            progress(ResourceEvent("deleted", resource.urn, resource.type, resource.name, seconds))
    if problems:
        raise ProblemsError("deleting resources", problems)


__all__ = ["DeployedResource", "Deployment", "ResourceError", "ResourceEvent", "deploy", "preview"]
