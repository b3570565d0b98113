"""Deploys a Pulumi program to the emulator, in this process.

After ``deploy``, either all resources of the program exist, or none.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from contracts.outputs import StackOutputs
from contracts.problems import Problem, ProblemsError, one_problem
from local_run.deployment.deployed import DeployedResource, OnResource, ResourceError, ResourceEvent
from local_run.deployment.monitor import Monitor
from local_run.deployment.program import run_program
from local_run.emulator.actors import DEPLOYER
from local_run.emulator.resources import Aws, Properties, resource_of
from local_run.emulator.server import Emulator
from stack_config import StackConfig, read_stack_config

ImageBuilder = Callable[[Properties], str]
_NO_REGION = "set it in the stack's file or as an override"


@dataclass(frozen=True)
class Deployment:
    """A deployed stack. ``outputs`` are its exports; secret ones are replaced by ``[secret]``."""

    config: StackConfig
    region: str
    outputs: Properties
    secret_outputs: tuple[str, ...]
    resources: tuple[DeployedResource, ...]
    seconds: float

    def stack_outputs(self) -> StackOutputs:
        """Return the exports of this project's stacks.

        Raises:
            ProblemsError: exports are missing.
        """
        return StackOutputs.from_mapping(self.outputs, f"outputs of stack {self.config.stack}")

    def of_type(self, type_: str) -> list[DeployedResource]:
        return [resource for resource in self.resources if resource.type == type_]

    def destroy(self, on_resource: OnResource | None = None) -> None:
        """Delete all resources in the reverse order of their creation.

        Raises:
            ProblemsError: resources are protected, in which case nothing is deleted, or could not be deleted.
        """
        protected = [resource for resource in self.resources if resource.protect]
        if protected:
            problems = [Problem(resource.urn, "protect", "remove the protection first") for resource in protected]
            raise ProblemsError(f"destroying stack {self.config.stack}", problems)
        _delete(self.resources, on_resource, discard=False)


def deploy(
    emulator: Emulator,
    project_dir: Path,
    stack: str,
    config_overrides: Mapping[str, object] | None = None,
    on_resource: OnResource | None = None,
    image_builder: ImageBuilder | None = None,
) -> Deployment:
    """Run the program of ``project_dir`` and create all resources that it declares.

    ``config_overrides``, such as ``{"model-training:assetsBucketName": "prices"}``, take precedence over the stack's file.
    ``on_resource`` is called from worker threads, one event at a time. ``image_builder`` builds an image from its resource's
    inputs and returns its id; without it, the registry gets a placeholder.

    Raises:
        ProblemsError: problems of the configuration, the program or a resource (:class:`ResourceError`). The resources that
            were created are deleted, as after any other error of the program.
    """
    started = time.monotonic()
    config, monitor = _prepare(emulator, project_dir, stack, config_overrides, False, on_resource, image_builder)
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
    """Return the resources that the program would register, with their inputs. Nothing is created."""
    config, monitor = _prepare(emulator, project_dir, stack, config_overrides, True, None, None)
    run_program(project_dir, config, monitor, preview=True)
    return tuple(monitor.created)


def _prepare(
    emulator: Emulator,
    project_dir: Path,
    stack: str,
    overrides: Mapping[str, object] | None,
    dry: bool,
    on_resource: OnResource | None,
    image_builder: ImageBuilder | None,
) -> tuple[StackConfig, Monitor]:
    config = read_stack_config(project_dir, stack, overrides)
    if config.region is None:
        raise one_problem(f"configuration of stack {stack}", "aws:region", None, _NO_REGION)

    def client_of(service: str, region: str) -> object:
        return emulator.client(service, DEPLOYER, region)

    aws = Aws(client_of, emulator.account_id, config.region, image_builder)
    return config, Monitor(aws, config.project, config.stack, dry, on_resource)


def _undo(created: list[DeployedResource], error: BaseException) -> None:
    """Delete the resources of a failed deployment, and note on the error which could not be deleted."""
    try:
        _delete(created, None, discard=True)
    except ProblemsError as left:
        error.add_note(f"left behind: {left}")


def _delete(resources: Sequence[DeployedResource], on_resource: OnResource | None, discard: bool) -> None:
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
        if on_resource is not None:
            seconds = time.monotonic() - started
            on_resource(ResourceEvent("deleted", resource.urn, resource.type, resource.name, seconds))
    if problems:
        raise ProblemsError("deleting resources", problems)


__all__ = ["DeployedResource", "Deployment", "ResourceError", "ResourceEvent", "deploy", "preview"]
