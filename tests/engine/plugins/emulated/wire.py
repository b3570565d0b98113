"""Property values as the protocol carries them, and as plain Python.

Plain values have secrets unwrapped, whole numbers as ints, :data:`UNKNOWN` for what a preview does not know, and assets and
archives as the SDK's own objects with the engine's digest as ``hash``. Where the engine keeps the contents back (in a
comparison, or when something is deleted) they are :class:`WithheldAsset` and :class:`WithheldArchive`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
from google.protobuf.struct_pb2 import ListValue, NullValue, Struct, Value
from pulumi.runtime import rpc

SIGNATURE = rpc._special_sig_key
SECRET = rpc._special_secret_sig
ASSET = rpc._special_asset_sig
ARCHIVE = rpc._special_archive_sig
OUTPUT = rpc._special_output_value_sig
REFERENCE = rpc._special_resource_sig
Properties = dict[str, Any]


class _Unknown:
    def __repr__(self) -> str:
        return "<unknown>"


UNKNOWN = _Unknown()


class WithheldAsset(pulumi.Asset):
    """An asset of which only the digest is known."""


class WithheldArchive(pulumi.Archive):
    """An archive of which only the digest is known."""


def plain_map(fields: Struct) -> Properties:
    """A message's properties; what is null counts as left out, as providers take it."""
    values = {key: plain(value) for key, value in fields.fields.items()}
    return {key: value for key, value in values.items() if value is not None}


def plain(value: Value) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        return _plain_struct(value.struct_value)
    if kind == "list_value":
        return [plain(item) for item in value.list_value.values]
    if kind == "number_value":
        return int(value.number_value) if value.number_value.is_integer() else value.number_value
    if kind == "string_value":
        return UNKNOWN if value.string_value == rpc.UNKNOWN else value.string_value
    return value.bool_value if kind == "bool_value" else None


def _plain_struct(struct: Struct) -> Any:
    fields = struct.fields
    signature = fields[SIGNATURE].string_value if SIGNATURE in fields else ""
    if signature in (SECRET, OUTPUT):
        return plain(fields["value"]) if "value" in fields else UNKNOWN
    if signature == REFERENCE:
        return plain(fields["id"]) if "id" in fields else UNKNOWN
    if signature in (ASSET, ARCHIVE):
        return _asset(struct, signature == ASSET)
    return plain_map(struct)


def _asset(struct: Struct, is_asset: bool) -> pulumi.Asset | pulumi.Archive:
    fields = struct.fields

    def given(key: str) -> bool:
        return key in fields and fields[key].WhichOneof("kind") != "null_value"

    found: Any
    if given("assets"):
        found = pulumi.AssetArchive({key: plain(item) for key, item in fields["assets"].struct_value.fields.items()})
    elif given("path"):
        found = (pulumi.FileAsset if is_asset else pulumi.FileArchive)(fields["path"].string_value)
    elif given("text"):
        found = pulumi.StringAsset(fields["text"].string_value)
    else:
        found = WithheldAsset() if is_asset else WithheldArchive()
    found.hash = fields["hash"].string_value if given("hash") else ""
    return found


def struct(values: Mapping[str, Any], originals: Struct | None = None, secrets: tuple[str, ...] = ()) -> Struct:
    """Plain properties as a message.

    What is equal in ``originals`` goes back as it came, so that a secret stays one and an asset keeps its digest. The
    properties named in ``secrets`` become secret.
    """
    message = Struct()
    for key, value in values.items():
        if originals is not None and key in originals.fields and same(plain(originals.fields[key]), value):
            message.fields[key].CopyFrom(originals.fields[key])
        elif key in secrets:
            hidden = {SIGNATURE: Value(string_value=SECRET), "value": wire(value)}
            message.fields[key].CopyFrom(Value(struct_value=Struct(fields=hidden)))
        else:
            message.fields[key].CopyFrom(wire(value))
    return message


def wire(value: Any) -> Value:
    """A plain value for the wire. Assets can not be made up here: they only go back as they came."""
    if value is None:
        return Value(null_value=NullValue.NULL_VALUE)
    if value is UNKNOWN:
        return Value(string_value=rpc.UNKNOWN)
    if isinstance(value, bool):
        return Value(bool_value=value)
    if isinstance(value, (int, float)):
        return Value(number_value=value)
    if isinstance(value, Mapping):
        return Value(struct_value=struct(value))
    if isinstance(value, (list, tuple)):
        return Value(list_value=ListValue(values=[wire(item) for item in value]))
    if not isinstance(value, str):
        raise TypeError(f"{type(value).__name__} is no property value")
    return Value(string_value=value)


def same(old: Any, new: Any) -> bool:
    """Whether two plain values mean the same; assets by digest. Nothing equals what is unknown."""
    if old is UNKNOWN or new is UNKNOWN:
        return False
    for kind in (pulumi.Asset, pulumi.Archive):
        if isinstance(old, kind) or isinstance(new, kind):
            return isinstance(old, kind) and isinstance(new, kind) and old.hash == new.hash
    if isinstance(old, dict) and isinstance(new, dict):
        return old.keys() == new.keys() and all(same(old[key], new[key]) for key in old)
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and all(same(*pair) for pair in zip(old, new, strict=True))
    return isinstance(old, bool) == isinstance(new, bool) and bool(old == new)


def has_unknown(value: Any) -> bool:
    if isinstance(value, dict):
        return any(has_unknown(item) for item in value.values())
    return any(has_unknown(item) for item in value) if isinstance(value, list) else value is UNKNOWN
