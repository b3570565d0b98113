"""The functions: each a handler with its role, its log group, and a place for what it could not do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pulumi
import pulumi_aws as aws
from pulumi import AssetArchive, Input, Output, ResourceOptions, StringAsset

from components.names import Names
from components.roles import Role, RoleArgs
from components.sources import handler_sources
from contracts.environment import HANDLER_OUTPUTS, handler_variable
from contracts.permission_model import Actor
from contracts.permissions import HANDLER_ACTORS

RUNTIME = "python3.13"
MEMORY_MB = 256
TIMEOUT_SECONDS = 300
#: Lambda's own retries of one asynchronous call, and how long it tries.
RETRIES = 2
MAX_EVENT_AGE_SECONDS = 3600


@dataclass(frozen=True)
class FunctionArgs:
    """``handler`` is a module of ``handlers/``; ``environment`` what it reads there."""

    names: Names
    tags: Mapping[str, str]
    key_arn: Input[str] | None
    handler: str
    actor: Actor
    root: Path
    environment: Mapping[str, Input[str]]
    dead_letter_arn: Input[str]


class Function(pulumi.ComponentResource):
    name: Output[str]
    arn: Output[str]

    def __init__(self, name: str, args: FunctionArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("model-training:functions:Function", name, {}, opts)
        self._name = name
        self._args = args
        role = Role(
            f"{name}-identity",
            RoleArgs(args.names, args.tags, args.key_arn, args.actor),
            ResourceOptions(parent=self),
        )
        logs = self._create_log_group()
        function = self._create_function(role, logs)
        self._create_invoke_config(function)
        self.name = function.name
        self.arn = function.arn
        self.register_outputs({"name": self.name, "arn": self.arn})

    def _create_log_group(self) -> aws.cloudwatch.LogGroup:
        """Declared, since the one that Lambda makes by itself keeps its logs forever and under no key."""
        return aws.cloudwatch.LogGroup(
            f"{self._name}-logs",
            name=self._args.names.log_group(self._args.actor.name),
            retention_in_days=self._args.names.settings.log_retention_days,
            kms_key_id=self._args.key_arn,
            tags=self._args.tags,
            opts=ResourceOptions(parent=self),
        )

    def _create_function(self, role: Role, logs: pulumi.Resource) -> aws.lambda_.Function:
        args = self._args
        return aws.lambda_.Function(
            f"{self._name}-function",
            name=args.names.of(args.actor.name),
            description=args.actor.purpose,
            role=role.arn,
            runtime=RUNTIME,
            handler=f"handlers.{args.handler}.handle",
            code=archive(args.root, args.handler),
            memory_size=MEMORY_MB,
            timeout=TIMEOUT_SECONDS,
            reserved_concurrent_executions=args.names.settings.handler_concurrency,
            environment={"variables": dict(args.environment)},
            kms_key_arn=args.key_arn,
            tracing_config={"mode": "Active"},
            tags=args.tags,
            opts=ResourceOptions(parent=self, depends_on=[role.ready, logs]),
        )

    def _create_invoke_config(self, function: aws.lambda_.Function) -> None:
        aws.lambda_.FunctionEventInvokeConfig(
            f"{self._name}-invocation",
            function_name=function.name,
            maximum_retry_attempts=RETRIES,
            maximum_event_age_in_seconds=MAX_EVENT_AGE_SECONDS,
            destination_config={"on_failure": {"destination": self._args.dead_letter_arn}},
            opts=ResourceOptions(parent=self),
        )


@dataclass(frozen=True)
class FunctionsArgs:
    """``outputs`` are the stack's exports by their field in :class:`contracts.outputs.StackOutputs`."""

    names: Names
    tags: Mapping[str, str]
    key_arn: Input[str] | None
    root: Path
    outputs: Mapping[str, Input[str]]
    dead_letter_arn: Input[str]


class Functions(pulumi.ComponentResource):
    """All functions, by the name of what they do: ``functions["reconcile"].arn``."""

    def __init__(self, name: str, args: FunctionsArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("model-training:functions:Functions", name, {}, opts)
        self._functions = {
            HANDLER_ACTORS[handler].name: Function(
                f"{name}-{HANDLER_ACTORS[handler].name}",
                FunctionArgs(
                    args.names,
                    args.tags,
                    args.key_arn,
                    handler=handler,
                    actor=HANDLER_ACTORS[handler],
                    root=args.root,
                    environment={handler_variable(field): args.outputs[field] for field in needed},
                    dead_letter_arn=args.dead_letter_arn,
                ),
                ResourceOptions(parent=self),
            )
            for handler, needed in HANDLER_OUTPUTS.items()
        }
        self.register_outputs({})

    def __getitem__(self, name: str) -> Function:
        return self._functions[name]

    @property
    def arns(self) -> dict[str, Output[str]]:
        return {name: function.arn for name, function in self._functions.items()}


def archive(root: Path, handler: str) -> AssetArchive:
    """The function's code by content, not by path: another checkout, umask or clock gives the same archive."""
    return AssetArchive({path: StringAsset(text) for path, text in handler_sources(root, handler).items()})
