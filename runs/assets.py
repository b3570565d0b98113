"""Store price histories in the assets bucket with a checksum and metadata, and list them."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from contracts.display import storable
from contracts.layout import asset_key
from contracts.tables import AssetAttribute
from contracts.times import format_time, to_iso
from runs.aws_errors import is_missing_object
from runs.objects import current_version
from runs.pages import all_items
from runs.price_files import PriceFile
from runs.stack import Stack
from runs.upsert import Upsert, upsert


def put(stack: Stack, files: list[PriceFile], source: str = "") -> list[Upsert]:
    """Store the files and their metadata; return what each upsert did.

    S3 computes and keeps the SHA-256, which executions freeze. An identical file is not stored again: a new version of the same
    bytes would be a different snapshot, so repeating a start under its id would be a conflict.
    """
    return [_put(stack, file, source) for file in files]


def _put(stack: Stack, file: PriceFile, source: str) -> Upsert:
    key, table = asset_key(file.asset), stack.dynamodb.Table(stack.outputs.asset_table)
    existing = table.get_item(Key={AssetAttribute.NAME: file.asset}, ConsistentRead=True).get("Item", {})
    source = storable(source)
    same = (existing.get(AssetAttribute.SHA256), existing.get(AssetAttribute.SOURCE)) == (file.sha256, source)
    if same and _current_version(stack, key) == existing[AssetAttribute.VERSION_ID]:
        return Upsert("unchanged", str(existing[AssetAttribute.STORED_AT]))
    answer = stack.s3.put_object(
        Bucket=stack.outputs.assets_bucket,
        Key=key,
        Body=file.content,
        ContentType="text/csv",
        ChecksumSHA256=base64.b64encode(bytes.fromhex(file.sha256)).decode(),
    )
    item = {
        AssetAttribute.NAME: file.asset,
        AssetAttribute.KEY: key,
        AssetAttribute.VERSION_ID: answer.get("VersionId", "null"),
        AssetAttribute.SHA256: file.sha256,
        AssetAttribute.ROWS: file.rows,
        AssetAttribute.FIRST_DATE: format_time(file.first, file.last),
        AssetAttribute.LAST_DATE: format_time(file.last, file.first),
        AssetAttribute.FREQUENCY: str(file.frequency),
        AssetAttribute.REPEATED_ROWS: file.repeated,
        AssetAttribute.MISSING_ROWS: file.missing,
        AssetAttribute.LOWEST_PRICE: repr(file.lowest),
        AssetAttribute.LARGEST_STEP: repr(file.largest_step),
        AssetAttribute.SOURCE: source,
        AssetAttribute.STORED_AT: to_iso(datetime.now(UTC)),
    }
    return upsert(table, item, AssetAttribute.SHA256, AssetAttribute.STORED_AT)


def _current_version(stack: Stack, key: str) -> str | None:
    """Version of the object that executions would read; None if there is no object."""
    try:
        return current_version(stack.s3, stack.outputs.assets_bucket, key)
    except ClientError as error:
        if is_missing_object(error):
            return None
        raise


def stored(stack: Stack) -> list[dict[str, Any]]:
    """Return the metadata of every asset, by name."""
    table = stack.dynamodb.Table(stack.outputs.asset_table)
    return sorted(all_items(table, "scan"), key=lambda item: str(item[AssetAttribute.NAME]))
