"""The contracts' tables, made in an emulator as the program makes them on AWS."""

from __future__ import annotations

from typing import Any

from contracts.tables import Index, Table


def create_table(dynamodb: Any, table: Table) -> None:
    more: dict[str, Any] = {}
    if table.indexes:
        more["GlobalSecondaryIndexes"] = [
            {"IndexName": index.name, "KeySchema": _keys(index), "Projection": {"ProjectionType": "ALL"}}
            for index in table.indexes
        ]
    dynamodb.create_table(
        TableName=table.name,
        KeySchema=_keys(table),
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in table.key_attributes],
        BillingMode="PAY_PER_REQUEST",
        **more,
    )


def _keys(keyed: Table | Index) -> list[dict[str, str]]:
    keys = [{"AttributeName": keyed.hash_key, "KeyType": "HASH"}]
    return keys + ([{"AttributeName": keyed.range_key, "KeyType": "RANGE"}] if keyed.range_key else [])
