"""What a resource type must be able to do, for the in-process deployment and for a provider plugin alike.

Inputs and outputs carry the AWS provider's wire names (camelCase), secrets unwrapped and whole numbers as ints
(:func:`without_floats`). A resource has no state of its own: everything it needs
comes as an argument, and everything it makes lies in AWS.
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

#: Error codes by which AWS says that something does not exist.
_ABSENT = ("NotFound", "NoSuch", "NonExistent", "DoesNotExist", "404")


@dataclass(frozen=True)
class Aws:
    """Clients of one account and region.

    ``client_of`` gives the boto3 client of (service, region); ``image_builder`` builds an image from the inputs of its resource
    and returns its id (``sha256:…``), where images are to be built at all.
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
        """``arn:<partition>:<service>:<region>:<account>:<resource>``, with empty fields for what a service leaves out."""
        where = self.region if region else ""
        return f"arn:{self.partition}:{service}:{where}:{self.account_id if account else ''}:{resource}"


class AlreadyExistsError(Exception):
    """The physical resource exists already, and its API would silently change it."""


class Resource(ABC):
    """One resource type.

    - ``type``: its Pulumi type token.
    - ``replace_on``: inputs whose change needs another physical resource (dots lead into nested ones).
    - ``name_property``: the input that is filled with ``<logical name>-<7 hex digits>`` where a program leaves it out.
    """

    type: ClassVar[str]
    replace_on: ClassVar[tuple[str, ...]] = ()
    name_property: ClassVar[str | None] = None

    @abstractmethod
    def create(self, aws: Aws, inputs: Properties) -> tuple[str, Properties]:
        """Create it; the id and all outputs. Where it takes several calls and one fails, nothing of it stays."""

    @abstractmethod
    def read(self, aws: Aws, id_: str, state: Properties) -> Properties | None:
        """The outputs as AWS has them now, over ``state`` (inputs or earlier outputs); None where it is gone."""

    @abstractmethod
    def update(self, aws: Aws, id_: str, old: Properties, new: Properties) -> Properties:
        """Change what may change in place, from the inputs or outputs ``old`` to the inputs ``new``; the outputs."""

    @abstractmethod
    def delete(self, aws: Aws, id_: str, state: Properties) -> None:
        """Delete it; what is gone already is no error."""

    def discard(self, aws: Aws, id_: str, state: Properties) -> None:
        """Delete it with all it holds, and against its protection: for undoing a deployment that failed."""
        self.delete(aws, id_, state)

    @contextmanager
    def whole(self, aws: Aws, id_: str, state: Properties) -> Iterator[None]:
        """Around all calls after the one that created it: where one fails, it goes again. What stays is noted at the error."""
        try:
            yield
        except Exception as error:
            try:
                self.discard(aws, id_, state)
            except Exception as left:
                error.add_note(f"left behind: {id_}, which could not be deleted: {left}")
            raise

    def planned_id(self, aws: Aws, inputs: Properties) -> str | None:
        """The id where it follows from the inputs, so that a second claim on it can be refused before anything is done."""
        return None

    def named(self, inputs: Properties, logical_name: str, seed: str) -> Properties:
        """The inputs with a physical name. ``seed`` makes the suffix, as the engine's random seed does."""
        if self.name_property is None or inputs.get(self.name_property):
            return inputs
        prefix = inputs.get(f"{self.name_property}Prefix") or f"{logical_name}-"
        return {**inputs, self.name_property: f"{prefix}{hashlib.sha256(seed.encode()).hexdigest()[:7]}"}

    def refuse_existing(self, aws: Aws, inputs: Properties) -> None:
        """Raise :class:`AlreadyExistsError` where the planned id is taken. For those whose creation would overwrite."""
        id_ = self.planned_id(aws, inputs)
        if id_ is not None and self.read(aws, id_, inputs) is not None:
            raise AlreadyExistsError(f"{self.type} {id_!r} exists already")


def absent(error: ClientError) -> bool:
    """Whether AWS says by this error that something does not exist. SageMaker says so with a ValidationException."""
    answer = error.response.get("Error", {})
    code, message = str(answer.get("Code", "")), str(answer.get("Message", ""))
    if code in ("ValidationException", "ValidationError"):
        return "Could not find" in message or "does not exist" in message
    return any(word in code for word in _ABSENT)


def or_none(call: Callable[..., Any], **arguments: Any) -> Any:
    """The answer of a call, or None where what it asks for does not exist."""
    try:
        return call(**arguments)
    except ClientError as error:
        if absent(error):
            return None
        raise


def given(**arguments: Any) -> dict[str, Any]:
    """The arguments that are set: boto3 takes no None."""
    return {name: value for name, value in arguments.items() if value is not None}


def tag_list(inputs: Mapping[str, Any], key: str = "Key", value: str = "Value") -> list[dict[str, str]]:
    """The input ``tags`` as most AWS APIs take it."""
    return [{key: name, value: text} for name, text in (inputs.get("tags") or {}).items()]


def with_tags(inputs: Mapping[str, Any]) -> Properties:
    """The outputs that every taggable resource shares."""
    return {"tagsAll": dict(inputs.get("tags") or {})}


def changed_tags(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[dict[str, str], list[str]]:
    """Tags to set, and keys to take away."""
    before, after = old.get("tags") or {}, new.get("tags") or {}
    return {key: text for key, text in after.items() if before.get(key) != text}, sorted(before.keys() - after.keys())


def pascal(value: Any) -> Any:
    """Nested input blocks with AWS's own spelling of names: ``maximumRetryAttempts`` → ``MaximumRetryAttempts``."""
    if isinstance(value, dict):
        return {key[:1].upper() + key[1:]: pascal(item) for key, item in value.items()}
    return [pascal(item) for item in value] if isinstance(value, list) else value


def without_floats(value: Any) -> Any:
    """Whole numbers as ints: on the wire every number is a double, and boto3 refuses 3.0 where AWS wants 3."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: without_floats(item) for key, item in value.items()}
    return [without_floats(item) for item in value] if isinstance(value, list) else value
