"""The provider protocol over :mod:`local_run.emulator.resources`: what every package shares."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import boto3
import grpc
from botocore.config import Config
from google.protobuf.empty_pb2 import Empty
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from contracts.problems import ProblemsError
from emulated import adoption, differences
from emulated.kinds import Changeable, kind_of
from emulated.wire import UNKNOWN, Properties, has_unknown, plain_map, struct
from local_run.emulator.resources import SECRET_FIELDS, Aws, invoke_of
from local_run.emulator.resources.base import Upserted

#: Outputs that a change of the inputs may change; all others stay as they are in an update.
VOLATILE = {
    "aws:lambda/function:Function": ("lastModified", "codeSha256", "sourceCodeHash", "sourceCodeSize"),
    "aws:s3/bucketObjectv2:BucketObjectv2": ("etag", "versionId"),
}
#: Of those that :mod:`local_run` refuses to make twice, the ones that AWS refuses too; all others it would overwrite.
CREATED_ONCE = (
    "aws:sagemaker/pipeline:Pipeline",
    "aws:sagemaker/modelPackageGroup:ModelPackageGroup",
    "aws:scheduler/scheduleGroup:ScheduleGroup",
)
#: Outputs that are no inputs, of whatever type: not to be taken for inputs where a resource is adopted.
COMPUTED = ("arn", "region", "tagsAll")
#: Blocks after the creation of a resource of these types (separated by commas), before the engine knows of it. The type is
#: written to the file, which says that it has come to that.
HOLD_TYPES, HOLD_FILE = "EMULATED_HOLD_TYPES", "EMULATED_HOLD_FILE"


class RefusedError(Exception):
    """Shown to the user as it is."""


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    """One package. ``supports_preview`` is whether its plans tell outputs that follow from the inputs."""

    supports_preview = True

    def __init__(self, package: str, version: str) -> None:
        self._package = package
        self._version = version
        self._region = os.environ.get("AWS_REGION", "")
        self._clients: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()
        self._account = ""

    def GetPluginInfo(self, request: Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version=self._version)

    def Cancel(self, request: Empty, context: grpc.ServicerContext) -> Empty:
        return Empty()

    def CheckConfig(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.CheckResponse:
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.DiffResponse:
        return differences.response(request.old_inputs, request.news, ("region",), request.ignoreChanges)

    def Configure(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.ConfigureResponse:
        self._region = plain_map(request.args).get("region", self._region)
        return provider_pb2.ConfigureResponse(
            acceptSecrets=True, acceptResources=False, acceptOutputs=False, supportsPreview=self.supports_preview
        )

    def Check(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.CheckResponse:
        kind, news, olds = self._kind(request), plain_map(request.news), plain_map(request.olds)
        checked = dict(news)
        name = kind.name_property
        if name is not None and not news.get(name) and olds.get(name):
            checked[name] = olds[name]
        checked = self.checked(kind, kind.named(checked, request.name, request.randomSeed.hex()))
        return provider_pb2.CheckResponse(inputs=struct(checked, request.news))

    def checked(self, kind: Changeable, inputs: Properties) -> Properties:
        """The inputs with what a provider adds to them."""
        return inputs

    def Diff(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.DiffResponse:
        kind = self._kind(request)
        old, new = plain_map(request.old_inputs), plain_map(request.news)
        answer = differences.of_properties(old, new, kind.replace_on, [*request.ignoreChanges, *self.ignored(old, new)])
        # The new one can not stand beside the old one where both have the same name.
        answer.deleteBeforeReplace = bool(answer.replaces) and self._same_id(kind, old, new)
        return answer

    def ignored(self, old: Properties, new: Properties) -> tuple[str, ...]:
        """Paths whose change is none to the provider."""
        return ()

    def Create(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.CreateResponse:
        kind, inputs = self._kind(request), plain_map(request.properties)
        if request.preview:
            return provider_pb2.CreateResponse(properties=request.properties)
        self._require_known(request.urn, inputs)
        id_, outputs = kind.create(self._aws(inputs), inputs)
        self._hold(kind.type)
        return provider_pb2.CreateResponse(id=id_, properties=struct(outputs, request.properties))

    def Update(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.UpdateResponse:
        kind, olds, news = self._kind(request), plain_map(request.olds), plain_map(request.news)
        if request.preview:
            unknown = dict.fromkeys(VOLATILE.get(kind.type, ()), UNKNOWN)
            planned = struct({**olds, **unknown, **news}, _merged(request.olds, request.news))
            return provider_pb2.UpdateResponse(properties=planned)
        self._require_known(request.urn, news)
        old = {**olds, **plain_map(request.old_inputs)}
        outputs = kind.update(self._aws(news), request.id, old, news)
        return provider_pb2.UpdateResponse(properties=struct(outputs, request.news))

    def Read(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.ReadResponse:
        """For a refresh of what the state has, or to adopt what it has not (then there are no properties)."""
        kind, known, id_ = self._kind(request), plain_map(request.properties), request.id
        aws = self._aws(known)
        if not known:
            id_, known = adoption.known_inputs(aws, kind.type, id_)
        found = kind.read(aws, id_, known)
        if found is None:
            if not request.properties.fields:
                raise RefusedError(f"{kind.type} {request.id!r} does not exist")
            return provider_pb2.ReadResponse()
        adopted = adoption.without_defaults({key: value for key, value in found.items() if key not in COMPUTED})
        inputs = {key: found.get(key, value) for key, value in plain_map(request.inputs).items()} or adopted
        return provider_pb2.ReadResponse(
            id=id_, properties=struct(found, request.properties), inputs=struct(inputs, request.inputs)
        )

    def Delete(self, request: Any, context: grpc.ServicerContext) -> Empty:
        kind = self._kind(request)
        state = {**plain_map(request.old_inputs), **plain_map(request.properties)}
        kind.delete(self._aws(state), request.id, state)
        return Empty()

    def Invoke(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.InvokeResponse:
        arguments = plain_map(request.args)
        answer = invoke_of(request.tok)(self._aws(arguments), arguments)
        message = {"return": struct(answer, secrets=SECRET_FIELDS.get(request.tok, ()))}
        return provider_pb2.InvokeResponse(**message)

    def _kind(self, request: Any) -> Changeable:
        kind = kind_of(request.type)
        if isinstance(kind, Upserted) and kind.type not in CREATED_ONCE:
            kind.refuse_existing = _overwrite  # type: ignore[method-assign]
        return kind

    def _aws(self, inputs: Properties) -> Aws:
        """Clients for the account that the environment's keys belong to; a resource may name another region."""
        if not self._account:
            self._account = str(self._client("sts", self._region).get_caller_identity()["Account"])
        return Aws(self._client, self._account, self._region).at(inputs.get("region"))

    def _client(self, service: str, region: str) -> Any:
        with self._lock:
            if (service, region) not in self._clients:
                config = Config(retries={"total_max_attempts": 2}, read_timeout=60, s3={"addressing_style": "path"})
                self._clients[service, region] = boto3.client(service, region_name=region, config=config)
            return self._clients[service, region]

    def _same_id(self, kind: Changeable, old: Properties, new: Properties) -> bool:
        if has_unknown(new):
            return False
        aws = self._aws(new)
        id_ = kind.planned_id(aws, new)
        return id_ is not None and id_ == kind.planned_id(aws, old)

    def _require_known(self, urn: str, inputs: Properties) -> None:
        unknown = sorted(key for key, value in inputs.items() if has_unknown(value))
        if unknown:
            raise RefusedError(f"{urn}: unknown outside a preview: {', '.join(unknown)}")

    def _hold(self, type_: str) -> None:
        if type_ in os.environ.get(HOLD_TYPES, "").split(","):
            Path(os.environ[HOLD_FILE]).write_text(type_, encoding="utf-8")
            threading.Event().wait()


def _overwrite(aws: Aws, inputs: Properties) -> None:
    """The API puts: what stood there is replaced."""


def _merged(*structs: Struct) -> Struct:
    message = Struct()
    for found in structs:
        for key, value in found.fields.items():
            message.fields[key].CopyFrom(value)
    return message


def explained(error: Exception) -> str:
    """What the user reads of an error."""
    if isinstance(error, ProblemsError):
        return "; ".join(str(problem) for problem in error.problems)
    return str(error) if isinstance(error, RefusedError) else f"{type(error).__name__}: {error}"
