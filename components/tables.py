"""The stack's DynamoDB tables: on demand, encrypted, with point-in-time recovery."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws
from pulumi import Input, Output, ResourceOptions

from components.names import Names
from contracts import tables
from contracts.tables import TABLES, Index, Table

#: Field of the stack's exports -> the table whose physical name it is.
OUTPUT_TABLES = {
    "asset_table": tables.ASSET_METADATA,
    "template_table": tables.TRAINING_TEMPLATE,
    "execution_table": tables.EXECUTION,
    "event_table": tables.EXECUTION_EVENT,
    "endpoint_table": tables.ENDPOINT_MAINTENANCE,
    "prediction_table": tables.PREDICTION,
    "feature_importance_table": tables.FEATURE_IMPORTANCE,
}


@dataclass(frozen=True)
class TablesArgs:
    names: Names
    tags: Mapping[str, str]
    key_arn: Input[str] | None


class Tables(pulumi.ComponentResource):
    """One table for each of :data:`contracts.tables.TABLES`; ``name_of`` gives its physical name."""

    def __init__(self, name: str, args: TablesArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("model-training:tables:Tables", name, {}, opts)
        self._name = name
        self._args = args
        self._tables = {table.name: self._create_table(table) for table in TABLES}
        self.register_outputs({})

    @property
    def outputs(self) -> dict[str, Output[str]]:
        """Physical names by field of :class:`contracts.outputs.StackOutputs`."""
        return {field: self.name_of(table) for field, table in OUTPUT_TABLES.items()}

    def name_of(self, table: Table) -> Output[str]:
        name: Output[str] = self._tables[table.name].name
        return name

    def _create_table(self, table: Table) -> aws.dynamodb.Table:
        protect = self._args.names.settings.protect_data
        return aws.dynamodb.Table(
            f"{self._name}-{table.name}",
            name=self._args.names.table(table),
            billing_mode="PAY_PER_REQUEST",
            hash_key=table.hash_key,
            range_key=table.range_key,
            attributes=[{"name": attribute, "type": "S"} for attribute in table.key_attributes],
            global_secondary_indexes=[_index(index) for index in table.indexes] or None,
            point_in_time_recovery={"enabled": True},
            server_side_encryption=_encryption(self._args.key_arn),
            ttl={"attribute_name": table.ttl, "enabled": True} if table.ttl else None,
            deletion_protection_enabled=protect,
            tags=self._args.tags,
            opts=ResourceOptions(parent=self, protect=protect),
        )


def _index(index: Index) -> dict[str, Any]:
    """By ``key_schemas``: the provider calls ``hash_key`` deprecated (terraform-provider-aws#46197).

    Its release 6.31 showed such an index as changed at every plan (#46513): should a plan do so, the provider is too old.
    """
    keys = [{"attribute_name": index.hash_key, "key_type": "HASH"}]
    if index.range_key:
        keys.append({"attribute_name": index.range_key, "key_type": "RANGE"})
    return {"name": index.name, "projection_type": "ALL", "key_schemas": keys}


def _encryption(key_arn: Input[str] | None) -> dict[str, Any]:
    """With the stack's key, or else with the one that AWS manages for the account's tables."""
    return {"enabled": True} if key_arn is None else {"enabled": True, "kms_key_arn": key_arn}
