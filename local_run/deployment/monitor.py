"""The resource monitor of the in-process deployment, which replaces the Pulumi engine and its providers.

The Pulumi SDK calls it from worker threads, once for each registered resource. It extends the SDK's mock monitor, which
implements the protocol. Unlike the mock, it creates resources in the emulator, masks secrets, and reports unknown values and
unsupported features as errors.
"""

from __future__ import annotations

import threading
import time
from typing import Any

from pulumi.output import Unknown
from pulumi.runtime import rpc
from pulumi.runtime.mocks import MockCallArgs, MockMonitor, MockResourceArgs, Mocks
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.sync_await import _ensure_event_loop, _sync_await

from local_run.deployment.deployed import DeployedResource, OnResource, ResourceError, ResourceEvent, as_resource_error
from local_run.emulator.resources import SECRET_FIELDS, Aws, Properties, invoke_of, resource_of
from local_run.emulator.resources.base import without_floats

MASK = "[secret]"
STACK_TYPE = "pulumi:pulumi:Stack"
_PROVIDER = "pulumi:providers:"


class Monitor(MockMonitor):
    """Answers the SDK's calls for one deployment (or, with ``preview``, for a run that creates nothing)."""

    def __init__(self, aws: Aws, project: str, stack: str, preview: bool, on_resource: OnResource | None) -> None:
        super().__init__(_NoMocks())
        self.created: list[DeployedResource] = []
        self.outputs: Properties = {}
        self.secret_outputs: list[str] = []
        self.failure: BaseException | None = None
        self.stopped = False
        self._aws = aws
        self._project = project
        self._stack = stack
        self._preview = preview
        self._on_resource = on_resource or (lambda event: None)
        self._lock = threading.RLock()
        self._urns: set[str] = set()
        self._claims: dict[tuple[str, str, str], str] = {}
        self._regions: dict[str, str | None] = {}

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        """Return the URN like the engine: the types of the parents, except the stack, precede the type."""
        parents = parent.split("::", 3)[2] if parent else STACK_TYPE
        qualified = type_ if parents == STACK_TYPE else f"{parents}${type_}"
        return f"urn:pulumi:{self._stack}::{self._project}::{qualified}::{name}"

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 (the protocol's name)
        urn = self.make_urn(request.parent, request.type, request.name)
        try:
            self._claim_urn(urn)
            if not request.custom:
                self._record(DeployedResource(urn, request.type, request.name, "", request.parent, {}, {}))
                return resource_pb2.RegisterResourceResponse(urn=urn)
            id_, outputs = self._make(urn, request)
        except Exception as error:
            self._fail(urn, request, error)
            raise
        return resource_pb2.RegisterResourceResponse(urn=urn, id=id_, object=_sync_await(rpc.serialize_properties(outputs, {})))

    def ReadResource(self, request: Any) -> Any:  # noqa: N802
        """Answer ``<Resource>.get(…)`` with an error, because a new emulator holds nothing that the program did not create."""
        urn = self.make_urn(request.parent, request.type, request.name)
        raise ResourceError(urn, f"{request.type} {request.id!r} does not exist: a new emulator is empty")

    def Invoke(self, request: Any) -> Any:  # noqa: N802
        _ensure_event_loop()  # type: ignore[no-untyped-call]
        arguments = without_floats(rpc.deserialize_properties(request.args))
        answer = invoke_of(request.tok)(self._aws.at(arguments.get("region")), arguments)
        for name in SECRET_FIELDS.get(request.tok, ()):
            answer[name] = rpc.wrap_rpc_secret(answer[name])
        message = {"return": _sync_await(rpc.serialize_properties(answer, {})), "failures": None}
        return resource_pb2.ResourceInvokeResponse(**message)

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802
        if request.urn.split("::", 3)[2] == STACK_TYPE:
            outputs = without_floats(rpc.deserialize_properties(request.outputs, keep_unknowns=True))
            self.secret_outputs = sorted(name for name, value in outputs.items() if rpc.is_rpc_secret(value))
            self.outputs = _masked(outputs)
        return super().RegisterResourceOutputs(request)  # type: ignore[no-untyped-call]

    def GetDeploymentInfo(self, request: Any) -> Any:  # noqa: N802
        """Turn off resource references, so that a resource given as an input arrives as its id."""
        info = super().GetDeploymentInfo(request)  # type: ignore[no-untyped-call]
        kept = [item for item in info.supportedFeatures if item != resource_pb2.RESOURCE_MONITOR_FEATURE_RESOURCE_REFERENCES]
        return resource_pb2.DeploymentInfo(supportedFeatures=kept)

    def stop(self, reason: BaseException) -> None:
        """Reject all further registrations. The first reason is the deployment's failure."""
        with self._lock:
            self.stopped = True
            if self.failure is None:
                self.failure = reason

    def _make(self, urn: str, request: Any) -> tuple[str, Properties]:
        _ensure_event_loop()  # type: ignore[no-untyped-call]
        given = without_floats(rpc.deserialize_properties(request.object, keep_unknowns=True))
        secrets = {key for key, value in given.items() if rpc.is_rpc_secret(value)}
        inputs = {key: rpc.unwrap_rpc_secret(value) for key, value in given.items()}
        if request.type.startswith(_PROVIDER):
            return self._make_provider(urn, inputs)
        resource, aws = resource_of(request.type), self._region_of(request, inputs)
        if request.importId:
            raise ResourceError(urn, "the option import_ adopts an existing resource, but a new emulator is empty")
        inputs = resource.named(inputs, request.name, urn)
        if self._preview:
            self._record(self._deployed(urn, request, "", inputs, inputs, secrets, aws))
            return "", {key: value for key, value in given.items() if not _has_unknown(value)}
        unknown = sorted(key for key, value in inputs.items() if _has_unknown(value))
        if unknown:
            raise ResourceError(urn, f"unknown at deployment: {', '.join(unknown)}")
        self._claim_id(urn, request.type, aws, resource.planned_id(aws, inputs))
        self._on_resource(ResourceEvent("creating", urn, request.type, request.name))
        started = time.monotonic()
        id_, outputs = resource.create(aws, inputs)
        self._record(self._deployed(urn, request, id_, inputs, outputs, secrets, aws))
        self._on_resource(ResourceEvent("created", urn, request.type, request.name, time.monotonic() - started))
        hidden = secrets | set(request.additionalSecretOutputs)
        return id_, {key: rpc.wrap_rpc_secret(value) if key in hidden else value for key, value in outputs.items()}

    def _deployed(
        self, urn: str, request: Any, id_: str, inputs: Properties, outputs: Properties, secrets: set[str], aws: Aws
    ) -> DeployedResource:
        hidden = secrets | set(request.additionalSecretOutputs)
        shown_inputs = {key: MASK if key in hidden else value for key, value in inputs.items()}
        shown_outputs = {key: MASK if key in hidden else value for key, value in outputs.items()}
        where = (urn, request.type, request.name, id_, request.parent)
        return DeployedResource(*where, shown_inputs, shown_outputs, request.protect, {**inputs, **outputs}, aws)

    def _make_provider(self, urn: str, inputs: Properties) -> tuple[str, Properties]:
        """Register an explicit provider. Only its region is used."""
        self._regions[urn] = inputs.get("region")
        return "provider", inputs

    def _region_of(self, request: Any, inputs: Properties) -> Aws:
        region = self._regions.get(request.provider.rsplit("::", 1)[0])
        return self._aws.at(inputs.get("region") or region)

    def _claim_urn(self, urn: str) -> None:
        with self._lock:
            if self.stopped:
                raise ResourceError(urn, "not created, because the deployment has already failed")
            if urn in self._urns:
                raise ResourceError(urn, "two resources of this type have the same name and parent; rename one")
            self._urns.add(urn)

    def _claim_id(self, urn: str, type_: str, aws: Aws, id_: str | None) -> None:
        """Raise ResourceError if two resources have one physical id; the provider would overwrite the first with the second."""
        if id_ is None:
            return
        with self._lock:
            owner = self._claims.setdefault((type_, aws.region, id_), urn)
        if owner != urn:
            raise ResourceError(urn, f"{type_} {id_!r} already belongs to {owner}")

    def _record(self, resource: DeployedResource) -> None:
        with self._lock:
            self.created.append(resource)

    def _fail(self, urn: str, request: Any, error: Exception) -> None:
        with self._lock:
            if self.failure is not None:
                return
            failure = error if isinstance(error, ResourceError) else as_resource_error(urn, error)
            failure.__cause__ = error if error is not failure else error.__cause__
            self.stop(failure)
            self._on_resource(ResourceEvent("failed", urn, request.type, request.name))


class _NoMocks(Mocks):
    """Required by the base class, but never called."""

    def call(self, args: MockCallArgs) -> Any:
        raise NotImplementedError(args.token)

    def new_resource(self, args: MockResourceArgs) -> Any:
        raise NotImplementedError(args.typ)


def _has_unknown(value: object) -> bool:
    if isinstance(value, dict):
        return any(_has_unknown(item) for item in value.values())
    return any(_has_unknown(item) for item in value) if isinstance(value, list) else isinstance(value, Unknown)


def _masked(outputs: Properties) -> Properties:
    return {name: MASK if rpc.is_rpc_secret(value) else value for name, value in outputs.items()}
