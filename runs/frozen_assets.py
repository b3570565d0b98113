"""The price histories that an execution reads, frozen by version and digest, and everything that is wrong with them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from contracts import parameters as names
from contracts.layout import ASSET_MAX_BYTES, asset_key
from contracts.problems import Problem
from contracts.snapshot import AssetVersion
from contracts.tables import TemplateAttribute
from runs.aws_errors import is_missing_object
from runs.objects import stored_object
from runs.ranges import Metadata, metadata_notes, price_problems, resolved_template, stored_metadata
from runs.stack import Stack
from runs.store import Item

_UNBOUNDED_GB = 1 << 20


@dataclass(frozen=True)
class FrozenAssets:
    """Versions and what ``assets put`` recorded, by asset; problems that prevent a start, and notes that do not."""

    versions: dict[str, AssetVersion]
    metadata: Metadata
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def freeze_assets(
    stack: Stack, template: Item, definition: Mapping[str, Any], overrides: Mapping[str, str]
) -> tuple[FrozenAssets, dict[str, Any]]:
    """Freeze the current version of a stored template's assets, and check them as far as metadata show.

    Also returns the template itself, with a date in the place of ``latest``.
    """
    frozen = freeze_versions(stack, list(template[TemplateAttribute.ASSETS]), definition, overrides)
    content, problems = resolved_template(json.loads(template[TemplateAttribute.TEMPLATE]), frozen.versions, frozen.metadata)
    frozen.problems.extend(problems or price_problems(content, template, frozen.versions, frozen.metadata))
    return frozen, content


def freeze_versions(
    stack: Stack, assets: list[str], definition: Mapping[str, Any], overrides: Mapping[str, str]
) -> FrozenAssets:
    """Freeze the current version of assets, and check their sizes."""
    versions, problems = _versions(stack, assets)
    problems = [*_size_problems(versions, _volume_gb(definition, overrides)), *problems]
    metadata = stored_metadata(stack, versions)
    return FrozenAssets(versions, metadata, problems, metadata_notes(stack, versions, metadata))


def _versions(stack: Stack, assets: list[str]) -> tuple[dict[str, AssetVersion], list[Problem]]:
    versions: dict[str, AssetVersion] = {}
    problems = []
    for asset in assets:
        key, bucket = asset_key(asset), stack.outputs.assets_bucket
        try:
            stored = stored_object(stack.s3, bucket, key)
        except ClientError as error:
            if not is_missing_object(error):
                raise
            allowed = f"it does not exist; put it there with `runs assets put {asset}.csv`"
            problems.append(Problem(f"asset {asset}", f"s3://{bucket}/{key}", allowed))
        else:
            versions[asset] = {"Key": key, "VersionId": stored.version, "Sha256": stored.sha256, "Size": stored.size}
    return versions, problems


def _size_problems(assets: Mapping[str, AssetVersion], volume_gb: int) -> list[Problem]:
    """Price histories that the step would refuse, or that do not fit on its volume."""
    problems = [
        Problem(f"asset {asset}", f"{version['Size']} bytes", f"allowed: at most {ASSET_MAX_BYTES} bytes")
        for asset, version in assets.items()
        if version["Size"] > ASSET_MAX_BYTES
    ]
    total = sum(version["Size"] for version in assets.values())
    if total > volume_gb << 30:
        allowed = f"allowed: at most {volume_gb} GB, the volume's size; raise {names.PROCESSING_VOLUME_GB}"
        problems.append(Problem("assets", f"{total} bytes", allowed))
    return problems


def _volume_gb(definition: Mapping[str, Any], overrides: Mapping[str, str]) -> int:
    """The processing volume of this start. A value that is not a number is reported by the override's own check."""
    defaults = {parameter["Name"]: parameter.get("DefaultValue") for parameter in definition.get("Parameters", [])}
    value = str(overrides.get(names.PROCESSING_VOLUME_GB, defaults.get(names.PROCESSING_VOLUME_GB)))
    return int(value) if re.fullmatch("[0-9]{1,6}", value) else _UNBOUNDED_GB
