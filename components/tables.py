"""The stack's DynamoDB tables: on-demand capacity, encryption, point-in-time recovery."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_aws as aws
from pulumi import Input, Output, ResourceOptions

from components.context import StackContext
from contracts import tables
from contracts.tables import TABLES, Index, Table

#: Field of the stack's exports → the table whose physical name it holds.
OUTPUT_TABLES = {
    "asset_table": tables.ASSET_METADATA,
    "template_table": tables.TRAINING_TEMPLATE,
    "execution_table": tables.EXECUTION,
    "event_table": tables.EXECUTION_EVENT,
    "endpoint_table": tables.ENDPOINT_MAINTENANCE,
    "prediction_table": tables.PREDICTION,
}


class Tables(pulumi.ComponentResource):
    """One DynamoDB table for each of :data:`contracts.tables.TABLES`."""

    def __init__(self, name: str, context: StackContext, opts: ResourceOptions | None = None) -> None:
        super().__init__("model-training:tables:Tables", name, {}, opts)
        self._name = name
        self._context = context
        self._tables = {table.name: self._create_table(table) for table in TABLES}
        self.register_outputs({})

    @property
    def outputs(self) -> dict[str, Output[str]]:
        """Physical names by field of :class:`contracts.outputs.StackOutputs`."""
        return {field: self.name_of(table) for field, table in OUTPUT_TABLES.items()}

    def name_of(self, table: Table) -> Output[str]:
        """Physical name of a table."""
        name: Output[str] = self._tables[table.name].name
        return name

    def _create_table(self, table: Table) -> aws.dynamodb.Table:
        return aws.dynamodb.Table(
            f"{self._name}-{table.name}",
            name=self._context.names.table(table),
            billing_mode="PAY_PER_REQUEST",
            hash_key=table.hash_key,
            range_key=table.range_key,
            attributes=[{"name": attribute, "type": "S"} for attribute in table.key_attributes],
            global_secondary_indexes=[_index(index) for index in table.indexes] or None,
            point_in_time_recovery={"enabled": True},
            server_side_encryption=_encryption(self._context.key_arn),
            ttl={"attribute_name": table.ttl, "enabled": True} if table.ttl else None,
            deletion_protection_enabled=self._context.settings.protect_data,
            tags=self._context.tags,
            opts=self._context.protected(self),
        )


def _index(index: Index) -> dict[str, Any]:
    """Uses ``key_schemas``, because the provider deprecated ``hash_key`` (terraform-provider-aws#46197).

    Provider release 6.31 shows such an index as changed in every plan (#46513); a newer release does not.
    """
    keys = [{"attribute_name": index.hash_key, "key_type": "HASH"}]
    if index.range_key:
        keys.append({"attribute_name": index.range_key, "key_type": "RANGE"})
    return {"name": index.name, "projection_type": "ALL", "key_schemas": keys}


def _encryption(key_arn: Input[str] | None) -> dict[str, Any]:
    """With the stack's key, otherwise with the key that AWS manages for the account's tables."""
    return {"enabled": True} if key_arn is None else {"enabled": True, "kms_key_arn": key_arn}
