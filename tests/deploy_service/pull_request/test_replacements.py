"""The table of replacements agrees with the providers on which tests/engine runs the program."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy_service.pull_request.replacements import HOLD_DATA, REPLACED_BY, replaces
from policies import kinds

PLUGINS = Path(__file__).parents[2] / "engine" / "plugins"
ALL_KINDS = {value for name, value in vars(kinds).items() if name.isupper()}


@pytest.fixture(scope="module")
def provider_kinds() -> Iterator[dict[str, tuple[str, ...]]]:
    sys.path.insert(0, str(PLUGINS))
    try:
        from emulated.kinds import KINDS

        yield {type_.lower().replace("v2", ""): kind.replace_on for type_, kind in KINDS.items()}
    finally:
        sys.path.remove(str(PLUGINS))


def test_every_kind_of_the_program_is_in_the_table() -> None:
    assert REPLACED_BY.keys() == ALL_KINDS
    assert HOLD_DATA <= ALL_KINDS


def test_the_properties_are_those_of_the_providers(provider_kinds: dict[str, tuple[str, ...]]) -> None:
    ours = {kind.lower(): set(names) for kind, names in REPLACED_BY.items() if kind != kinds.IMAGE}
    theirs = {kind: set(names) for kind, names in provider_kinds.items() if kind in ours}
    assert ours.keys() == theirs.keys()
    assert ours == theirs


@pytest.mark.parametrize(
    ("kind", "path", "forced", "expected"),
    [
        (kinds.TABLE, "hashKey", (), True),
        (kinds.TABLE, "hashKeys", (), False),
        (kinds.TABLE, "localSecondaryIndexes[0].name", (), True),
        (kinds.REPOSITORY, "encryptionConfigurations[0].kmsKey", (), True),
        (kinds.BUCKET, "tags.bucket", (), False),
        (kinds.IMAGE, "imageName", ("imageName",), True),
        (kinds.IMAGE, "imageName", (), False),
        (kinds.TOPIC, "tags.owner", ("*",), True),
        ("unknown:index:Kind", "name", (), False),
    ],
)
def test_a_change_replaces(kind: str, path: str, forced: tuple[str, ...], expected: bool) -> None:
    assert replaces(kind, path, forced) is expected
