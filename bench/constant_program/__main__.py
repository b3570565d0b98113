"""Registers what ``resources.json`` says: the resources of a deployed stack with constant inputs, by the same SDK classes."""

import importlib
import json
import re
from pathlib import Path

import pulumi

_CAPITAL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def class_of(token):
    package, module, name = token.split(":")
    folder = module.split("/")[0]
    path = f"pulumi_{package}" if folder == "index" else f"pulumi_{package}.{'lambda_' if folder == 'lambda' else folder}"
    return getattr(importlib.import_module(path), name)


def value_of(value):
    if isinstance(value, dict) and value.keys() == {"secret"}:
        return pulumi.Output.secret(value["secret"])
    if isinstance(value, dict) and value.keys() == {"archive"}:
        return pulumi.AssetArchive({path: pulumi.StringAsset(text) for path, text in value["archive"].items()})
    return {key: value_of(item) for key, item in value.items()} if isinstance(value, dict) else value


known = {}
registered = json.loads((Path(__file__).resolve().parent / "resources.json").read_text(encoding="utf-8"))
for entry in registered["resources"]:
    options = pulumi.ResourceOptions(
        parent=known.get(entry["parent"]), protect=entry["protect"], retain_on_delete=entry["retainOnDelete"]
    )
    if entry["custom"]:
        inputs = {_CAPITAL.sub("_", key).lower(): value_of(value) for key, value in entry["inputs"].items()}
        known[entry["urn"]] = class_of(entry["type"])(entry["name"], opts=options, **inputs)
    else:
        known[entry["urn"]] = pulumi.ComponentResource(entry["type"], entry["name"], opts=options)
for name, value in registered["outputs"].items():
    pulumi.export(name, value)
