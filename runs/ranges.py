"""What the stored metadata of a start's price histories show to be impossible, before a job is paid for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from contracts.problems import Problem
from contracts.ranges import PriceRange, range_problems
from contracts.snapshot import AssetVersion
from contracts.tables import AssetAttribute
from runs.stack import Stack


def misfits(stack: Stack, template: Mapping[str, Any], assets: Mapping[str, AssetVersion]) -> list[Problem]:
    """Of those assets alone whose metadata are those of the very bytes that are frozen: a file may have got there otherwise."""
    table = stack.dynamodb.Table(stack.outputs.asset_table)
    found = []
    for asset, version in assets.items():
        item = table.get_item(Key={AssetAttribute.NAME: asset}, ConsistentRead=True).get("Item")
        if item is not None and item.get(AssetAttribute.SHA256) == version["Sha256"]:
            found.append(_range(asset, item))
    return range_problems(template, found)


def _range(asset: str, item: Mapping[str, Any]) -> PriceRange:
    first, last = (datetime.fromisoformat(str(item[name])) for name in (AssetAttribute.FIRST_DATE, AssetAttribute.LAST_DATE))
    return PriceRange(asset, first, last, int(item[AssetAttribute.ROWS]))
