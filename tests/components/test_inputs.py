"""Every input, nested ones included, is one that the provider's SDK knows: a plain dict would pass a misspelt key on."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from typing import Any

import pytest
from pulumi.runtime import rpc

from tests.components.recording import Recorder

PACKAGES = {"aws": "pulumi_aws", "docker": "pulumi_docker"}
MODULES = {"lambda": "lambda_"}
#: Maps of names that a user chooses, not blocks of a fixed form.
FREE_MAPS = ("Mapping[",)


def module_of(type_: str) -> Any:
    package, module, _ = type_.split(":")
    name = module.split("/")[0]
    suffix = "" if name == "index" else f".{MODULES.get(name, name)}"
    return importlib.import_module(PACKAGES[package] + suffix)


def hints(class_: Any) -> dict[str, str]:
    """Parameter of the constructor → its annotation as text."""
    annotations = getattr(class_, "_internal_init", class_.__init__).__annotations__
    return {name: str(hint) for name, hint in annotations.items()}


def snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def unknown(module: Any, class_: Any, inputs: dict[str, Any], where: str) -> Iterator[str]:
    known = hints(class_)
    for key, value in inputs.items():
        name = snake(key)
        if name not in known:
            yield f"{where}.{key}"
            continue
        if isinstance(value, dict) and rpc._special_sig_key in value:  # a secret, as the wire has it
            value = value["value"]
        block = re.search(r"'([A-Za-z0-9]+Args)'", known[name])
        nested = value if isinstance(value, list) else [value]
        for item in nested:
            if isinstance(item, dict) and not any(word in known[name] for word in FREE_MAPS):
                assert block, f"{where}.{key} takes no block"
                inputs_module = importlib.import_module(f"{module.__name__}._inputs")
                yield from unknown(module, getattr(inputs_module, block[1]), item, f"{where}.{key}")


def test_no_input_is_misspelt(recorded: Recorder) -> None:
    for resource in recorded.resources:
        if resource.type.split(":")[0] in PACKAGES:
            module = module_of(resource.type)
            class_ = getattr(module, resource.type.rpartition(":")[2])
            assert list(unknown(module, class_, resource.inputs, resource.name)) == []


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ({"bucket": "b", "rule": {"objectOwnership": "BucketOwnerEnforced"}}, []),
        ({"bucket": "b", "rule": {"ownership": "BucketOwnerEnforced"}}, ["x.rule.ownership"]),
        ({"bukket": "b"}, ["x.bukket"]),
    ],
)
def test_the_check_itself(inputs: dict[str, Any], expected: list[str]) -> None:
    module = module_of("aws:s3/bucketOwnershipControls:BucketOwnershipControls")
    assert list(unknown(module, module.BucketOwnershipControls, inputs, "x")) == expected
