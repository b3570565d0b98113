"""Property values: there and back, and what counts as the same."""

from __future__ import annotations

import pulumi
import pytest
from emulated.differences import changed_paths, of_properties
from emulated.wire import (
    ARCHIVE,
    ASSET,
    SECRET,
    SIGNATURE,
    UNKNOWN,
    WithheldArchive,
    has_unknown,
    plain,
    plain_map,
    same,
    struct,
    wire,
)
from google.protobuf.struct_pb2 import Struct, Value
from hypothesis import given
from hypothesis import strategies as st
from pulumi.runtime import rpc
from pulumi.runtime.proto import provider_pb2

_texts = st.text(max_size=5)
_values = st.recursive(
    st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | _texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts, inner, max_size=3),
    max_leaves=8,
)
_maps = st.dictionaries(_texts, _values, max_size=4)


@given(_maps)
def test_what_goes_out_comes_back(values: dict[str, object]) -> None:
    assert plain_map(struct(values)) == values
    assert same(plain_map(struct(values)), values)


@given(_maps, _maps)
def test_there_are_differences_exactly_where_things_are_not_the_same(old: dict[str, object], new: dict[str, object]) -> None:
    assert (list(changed_paths(old, new)) == []) == same(old, new)
    answer = of_properties(old, new, (), ())
    assert (answer.changes == provider_pb2.DiffResponse.DIFF_SOME) == (old != new or not same(old, new))


def test_paths_are_those_that_the_cli_prints() -> None:
    old = {"tags": {"a.b": "1"}, "rules": [{"status": "Enabled"}], "gone": 1}
    new = {"tags": {"a.b": "2"}, "rules": [{"status": "Disabled"}, {}], "more": 1}
    assert list(changed_paths(old, new)) == [
        ("gone", "DELETE"),
        ("more", "ADD"),
        ("rules[0].status", "UPDATE"),
        ("rules[1]", "ADD"),
        ('tags["a.b"]', "UPDATE"),
    ]


def test_a_change_of_what_cannot_be_updated_replaces() -> None:
    answer = of_properties({"name": "a", "role": {"arn": 1}}, {"name": "b", "role": {"arn": 2}}, ("name", "role.arn"), ())
    assert list(answer.replaces) == ["name", "role"]
    assert answer.detailedDiff["role.arn"].kind == provider_pb2.PropertyDiff.UPDATE_REPLACE


def test_what_is_ignored_is_no_change() -> None:
    answer = of_properties({"registry": {"password": "a"}}, {"registry": {"password": "b"}}, (), ("registry.password",))
    assert answer.changes == provider_pb2.DiffResponse.DIFF_NONE


def test_what_is_unknown_equals_nothing() -> None:
    unknown = plain(Value(string_value=rpc.UNKNOWN))
    assert unknown is UNKNOWN and not same(unknown, unknown)
    assert has_unknown({"a": [{"b": unknown}]}) and not has_unknown({"a": [1]})


def test_a_secret_that_stays_the_same_stays_a_secret() -> None:
    hidden = Value(struct_value=Struct(fields={SIGNATURE: Value(string_value=SECRET), "value": wire("word")}))
    originals = Struct(fields={"password": hidden})
    assert plain_map(originals) == {"password": "word"}
    assert struct({"password": "word"}, originals).fields["password"] == hidden
    assert struct({"password": "word"}, secrets=("password",)).fields["password"] == hidden


@pytest.mark.parametrize("withheld", [False, True], ids=["with its contents", "by its digest alone"])
def test_an_archive_keeps_its_digest(withheld: bool) -> None:
    def asset(digest: str) -> Value:
        text = {} if withheld else {"text": wire("pass")}
        return Value(struct_value=Struct(fields={SIGNATURE: wire(ASSET), "hash": wire(digest), **text}))

    def archive(digest: str, inner: str) -> Value:
        contents = {} if withheld else {"assets": Value(struct_value=Struct(fields={"a.py": asset(inner)}))}
        return Value(struct_value=Struct(fields={SIGNATURE: wire(ARCHIVE), "hash": wire(digest), **contents}))

    found = plain(archive("1", "2"))
    assert isinstance(found, WithheldArchive if withheld else pulumi.AssetArchive)
    assert same(found, plain(archive("1", "2"))) and not same(found, plain(archive("3", "2")))
    assert struct({"code": found}, Struct(fields={"code": archive("1", "2")})).fields["code"] == archive("1", "2")
