"""The Lambda functions: each runs a handler, with a role, a log group and a destination for failed invocations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pulumi
import pulumi_aws as aws
from pulumi import AssetArchive, Input, Output, ResourceOptions, StringAsset

from components.context import StackContext
from components.handlers import HANDLERS, Handler
from components.iam.actors import FUNCTION_ACTORS
from components.roles import Role, RoleArgs
from components.sources import handler_sources
from contracts.environment import handler_variable

RUNTIME = "python3.13"
MEMORY_MB = 256
TIMEOUT_SECONDS = 300
#: Lambda's own retries of one asynchronous call, and how long it tries.
RETRIES = 2
MAX_EVENT_AGE_SECONDS = 3600


@dataclass(frozen=True)
class FunctionArgs:
    """``outputs`` are the stack's exports, by their field in :class:`contracts.outputs.StackOutputs`."""

    context: StackContext
    handler: Handler
    root: Path
    outputs: Mapping[str, Input[str]]
    dead_letter_arn: Input[str]


class Function(pulumi.ComponentResource):
    name: Output[str]
    arn: Output[str]

    def __init__(self, name: str, args: FunctionArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("model-training:functions:Function", name, {}, opts)
        self._name = name
        self._args = args
        self._context = args.context
        self._handler = args.handler
        role = Role(
            f"{name}-identity",
            RoleArgs(args.context, FUNCTION_ACTORS[args.handler.name]),
            ResourceOptions(parent=self),
        )
        logs = self._create_log_group()
        function = self._create_function(role, logs)
        self._create_invoke_config(function)
        self.name = function.name
        self.arn = function.arn
        self.register_outputs({"name": self.name, "arn": self.arn})

    def _create_log_group(self) -> aws.cloudwatch.LogGroup:
        """Declared, because the log group that Lambda would create keeps logs forever and has no key."""
        return aws.cloudwatch.LogGroup(
            f"{self._name}-logs",
            name=self._context.names.log_group(self._handler.name),
            retention_in_days=self._context.settings.log_retention_days,
            kms_key_id=self._context.key_arn,
            tags=self._context.tags,
            opts=self._context.protected(self),
        )

    def _create_function(self, role: Role, logs: pulumi.Resource) -> aws.lambda_.Function:
        context, handler = self._context, self._handler
        return aws.lambda_.Function(
            f"{self._name}-function",
            name=context.names.of(handler.name),
            description=handler.purpose,
            role=role.arn,
            runtime=RUNTIME,
            handler=f"handlers.{handler.module}.handle",
            code=archive(self._args.root, handler.module),
            memory_size=MEMORY_MB,
            timeout=TIMEOUT_SECONDS,
            reserved_concurrent_executions=context.settings.handler_concurrency,
            environment={"variables": {handler_variable(field): self._args.outputs[field] for field in handler.outputs}},
            kms_key_arn=context.key_arn,
            tracing_config={"mode": "Active"},
            tags=context.tags,
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
    """``outputs`` are the stack's exports, by their field in :class:`contracts.outputs.StackOutputs`."""

    context: StackContext
    root: Path
    outputs: Mapping[str, Input[str]]
    dead_letter_arn: Input[str]


class Functions(pulumi.ComponentResource):
    """One function per handler: ``functions["reconcile"].arn``."""

    def __init__(self, name: str, args: FunctionsArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("model-training:functions:Functions", name, {}, opts)
        self._functions = {
            handler.name: Function(
                f"{name}-{handler.name}",
                FunctionArgs(args.context, handler, args.root, args.outputs, args.dead_letter_arn),
                ResourceOptions(parent=self),
            )
            for handler in HANDLERS
        }
        self.register_outputs({})

    def __getitem__(self, name: str) -> Function:
        return self._functions[name]

    @property
    def arns(self) -> dict[str, Output[str]]:
        """ARNs by handler."""
        return {name: function.arn for name, function in self._functions.items()}


def archive(root: Path, handler: str) -> AssetArchive:
    """Return the function's code by content, so another checkout, umask or clock gives the same archive."""
    return AssetArchive({path: StringAsset(text) for path, text in handler_sources(root, handler).items()})
