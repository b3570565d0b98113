"""Base class of the emulator's resource types, and helpers that they share.

Inputs and outputs use the AWS provider's wire names (camelCase). Secrets are unwrapped, and whole numbers are ints
(:func:`without_floats`). Resource types keep no state: all data come from arguments and from AWS.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from botocore.exceptions import ClientError

from contracts.regions import dns_suffix, partition

Properties = dict[str, Any]

#: Parts of the error codes that mean that something does not exist.
_ABSENT = ("NotFound", "NoSuch", "NonExistent", "DoesNotExist", "404")


@dataclass(frozen=True)
class Aws:
    """Clients of one account and region.

    ``client_of`` returns the boto3 client of (service, region). ``image_builder`` builds an image from the inputs of its
    resource and returns its id (``sha256:…``); None means that no images are built.
    """

    client_of: Callable[[str, str], Any]
    account_id: str
    region: str
    image_builder: Callable[[Properties], str] | None = None

    def client(self, service: str) -> Any:
        return self.client_of(service, self.region)

    def at(self, region: str | None) -> Aws:
        """The same account in another region; None means this one."""
        return self if region in (None, self.region) else replace(self, region=str(region))

    @property
    def partition(self) -> str:
        return partition(self.region)

    @property
    def dns_suffix(self) -> str:
        return dns_suffix(self.region)

    def arn(self, service: str, resource: str, *, region: bool = True, account: bool = True) -> str:
        """``arn:<partition>:<service>:<region>:<account>:<resource>``, with empty fields if a service omits them."""
        where = self.region if region else ""
        return f"arn:{self.partition}:{service}:{where}:{self.account_id if account else ''}:{resource}"


class AlreadyExistsError(Exception):
    """The physical resource already exists, and its API would silently change it."""


class Resource(ABC):
    """One resource type. ``type`` is its Pulumi type token.

    ``name_property`` is the input that gets the value ``<logical name>-<7 hex digits>`` if the program does not set it.
    """

    type: ClassVar[str]
    name_property: ClassVar[str | None] = None

    @abstractmethod
    def create(self, aws: Aws, inputs: Properties) -> tuple[str, Properties]:
        """Create the resource and return its id and outputs. If one of several calls fails, nothing of it remains."""

    @abstractmethod
    def delete(self, aws: Aws, id_: str, state: Properties) -> None:
        """Delete the resource. Deleting a resource that does not exist is not an error."""

    def discard(self, aws: Aws, id_: str, state: Properties) -> None:
        """Delete the resource with its contents, even if it is protected: for rolling back a failed deployment."""
        self.delete(aws, id_, state)

    @contextmanager
    def rollback_on_error(self, aws: Aws, id_: str, state: Properties) -> Iterator[None]:
        """Delete the new resource if a later call fails; note on the error what could not be deleted."""
        try:
            yield
        except Exception as error:
            try:
                self.discard(aws, id_, state)
            except Exception as left:
                error.add_note(f"left behind: {id_}, which could not be deleted: {left}")
            raise

    def planned_id(self, aws: Aws, inputs: Properties) -> str | None:
        """Return the id if it follows from the inputs, otherwise None. It reveals two resources with one id before any call."""
        return None

    def named(self, inputs: Properties, logical_name: str, seed: str) -> Properties:
        """Return the inputs with a physical name. ``seed`` determines the suffix, like the engine's random seed."""
        if self.name_property is None or inputs.get(self.name_property):
            return inputs
        prefix = inputs.get(f"{self.name_property}Prefix") or f"{logical_name}-"
        return {**inputs, self.name_property: f"{prefix}{hashlib.sha256(seed.encode()).hexdigest()[:7]}"}


class Upserted(Resource):
    """A resource type whose creation call silently replaces an existing resource, so ``create`` checks first."""

    @abstractmethod
    def exists(self, aws: Aws, id_: str, inputs: Properties) -> bool:
        """Return whether AWS has the resource."""

    def refuse_existing(self, aws: Aws, inputs: Properties) -> None:
        """Raise :class:`AlreadyExistsError` if the planned id is taken."""
        id_ = self.planned_id(aws, inputs)
        if id_ is not None and self.exists(aws, id_, inputs):
            raise AlreadyExistsError(f"{self.type} {id_!r} already exists")


def absent(error: ClientError) -> bool:
    """Return whether the error means that something does not exist. SageMaker reports this as a ValidationException."""
    answer = error.response.get("Error", {})
    code, message = str(answer.get("Code", "")), str(answer.get("Message", ""))
    if code in ("ValidationException", "ValidationError"):
        return "Could not find" in message or "does not exist" in message
    return any(word in code for word in _ABSENT)


def or_none(call: Callable[..., Any], **arguments: Any) -> Any:
    """Return the answer of a call, or None if AWS reports that the resource does not exist."""
    try:
        return call(**arguments)
    except ClientError as error:
        if absent(error):
            return None
        raise


def present(call: Callable[..., Any], **arguments: Any) -> bool:
    """Return whether the resource that a call asks for exists."""
    return or_none(call, **arguments) is not None


def given(**arguments: Any) -> dict[str, Any]:
    """Return the arguments that are not None, which boto3 rejects."""
    return {name: value for name, value in arguments.items() if value is not None}


def tag_list(inputs: Mapping[str, Any], key: str = "Key", value: str = "Value") -> list[dict[str, str]]:
    """Return the input ``tags`` in the form that most AWS APIs take."""
    return [{key: name, value: text} for name, text in (inputs.get("tags") or {}).items()]


def with_tags(inputs: Mapping[str, Any]) -> Properties:
    """Return the outputs that all taggable resources have."""
    return {"tagsAll": dict(inputs.get("tags") or {})}


def pascal(value: Any) -> Any:
    """Return input blocks with AWS's spelling of names: ``maximumRetryAttempts`` → ``MaximumRetryAttempts``."""
    if isinstance(value, dict):
        return {key[:1].upper() + key[1:]: pascal(item) for key, item in value.items()}
    return [pascal(item) for item in value] if isinstance(value, list) else value


def without_floats(value: Any) -> Any:
    """Return whole numbers as ints. On the wire every number is a double, and boto3 rejects 3.0 for an integer."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: without_floats(item) for key, item in value.items()}
    return [without_floats(item) for item in value] if isinstance(value, list) else value
