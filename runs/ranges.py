"""What the stored metadata of price histories show about a start, before a job is paid for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from contracts.frequency import Frequency
from contracts.problems import Problem, ProblemsError, listed
from contracts.ranges import (
    LATEST,
    PriceFacts,
    PriceRange,
    TemplateNeeds,
    fact_problems,
    latest_end_training,
    range_problems,
)
from contracts.snapshot import AssetVersion
from contracts.tables import AssetAttribute, TemplateAttribute
from runs.stack import Stack

Metadata = Mapping[str, Mapping[str, Any]]


def stored_metadata(stack: Stack, assets: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return what ``assets put`` recorded, by asset; an asset that it did not store has no entry."""
    table = stack.dynamodb.Table(stack.outputs.asset_table)
    items = {asset: table.get_item(Key={AssetAttribute.NAME: asset}, ConsistentRead=True).get("Item") for asset in assets}
    return {asset: dict(item) for asset, item in items.items() if item is not None}


def resolved_template(
    template: Mapping[str, Any], assets: Mapping[str, AssetVersion], metadata: Metadata
) -> tuple[dict[str, Any], list[Problem]]:
    """Return a stored template with a date in the place of ``latest``, or the problem that the prices' dates are not known."""
    if template.get("endTraining") != LATEST or not assets:
        return dict(template), []
    known = {asset: _range(asset, metadata[asset]) for asset in assets if _is_recorded(metadata.get(asset), assets[asset])}
    unknown = [asset for asset in assets if known.get(asset) is None]
    if unknown:
        allowed = f"it needs the last dates of all assets; store {listed(unknown)} with `runs assets put`, or give a date"
        return dict(template), [Problem("endTraining", LATEST, allowed)]
    try:
        end = latest_end_training(template, [found.last for found in known.values() if found is not None])
    except ProblemsError as error:
        return dict(template), list(error.problems)
    return {**template, "endTraining": end}, []


def price_problems(
    template: Mapping[str, Any], item: Mapping[str, Any], assets: Mapping[str, AssetVersion], metadata: Metadata
) -> list[Problem]:
    """Problems of a stored template with the assets' dates and prices, as far as their metadata show them.

    ``template`` is the resolved one. Checks only assets whose stored metadata match the frozen SHA-256: metadata of an object
    that was uploaded by other means are not trusted.
    """
    recorded = {asset: metadata[asset] for asset, version in assets.items() if _is_recorded(metadata.get(asset), version)}
    ranges = [found for asset, stored in recorded.items() if (found := _range(asset, stored)) is not None]
    facts = [fact for asset, stored in recorded.items() if (fact := _facts(asset, stored)) is not None]
    return range_problems(template, ranges) + fact_problems(template, _needs(item), ranges, facts)


def _needs(item: Mapping[str, Any]) -> TemplateNeeds:
    rows = item.get(TemplateAttribute.FEATURE_ROWS, {})
    return TemplateNeeds(
        str(item.get(TemplateAttribute.POSITIVE_PRICES, "")), {str(group): int(count) for group, count in rows.items()}
    )


def metadata_notes(stack: Stack, assets: Mapping[str, AssetVersion], metadata: Metadata) -> list[str]:
    """Report assets whose object is not the one that ``assets put`` recorded: something else has replaced it."""
    notes = []
    for asset, version in assets.items():
        item = metadata.get(asset)
        if _is_recorded(item, version):
            continue
        uri = f"s3://{stack.outputs.assets_bucket}/{version['Key']}"
        if item is None:
            found = f"{uri} was not stored by `runs assets put`"
        else:
            stored_at = item.get(AssetAttribute.STORED_AT, "an unknown time")
            found = (
                f"{uri} is not the file that `runs assets put` stored at {stored_at} "
                f"(SHA-256 {version['Sha256'][:12]}…, recorded {str(item.get(AssetAttribute.SHA256, ''))[:12]}…)"
            )
        notes.append(
            f"asset {asset}: {found}. The execution reads the object as it is now, and its dates were not checked. "
            f"To use your own file, run `runs assets put {asset}.csv` and start again."
        )
    return notes


def _is_recorded(item: Mapping[str, Any] | None, version: AssetVersion) -> bool:
    return item is not None and item.get(AssetAttribute.SHA256) == version["Sha256"]


def _range(asset: str, item: Mapping[str, Any]) -> PriceRange | None:
    """The asset's dates; None if the stored metadata cannot be read."""
    try:
        first, last = (
            datetime.fromisoformat(str(item[name])) for name in (AssetAttribute.FIRST_DATE, AssetAttribute.LAST_DATE)
        )
        return PriceRange(asset, first, last, int(item[AssetAttribute.ROWS]))
    except (ArithmeticError, KeyError, TypeError, ValueError):
        return None


def _facts(asset: str, item: Mapping[str, Any]) -> PriceFacts | None:
    """What else the metadata show; None if they cannot be read."""
    try:
        return PriceFacts(
            asset,
            datetime.fromisoformat(str(item[AssetAttribute.FIRST_DATE])),
            int(item[AssetAttribute.ROWS]),
            Frequency.parse(str(item[AssetAttribute.FREQUENCY])),
            int(item[AssetAttribute.REPEATED_ROWS]),
            int(item[AssetAttribute.MISSING_ROWS]),
            float(item[AssetAttribute.LOWEST_PRICE]),
            float(item[AssetAttribute.LARGEST_STEP]),
        )
    except (ArithmeticError, KeyError, TypeError, ValueError):
        return None
