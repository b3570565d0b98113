from __future__ import annotations

from contracts.tables import TABLES, physical_table_name
from tests.components.recording import PROJECT, Recorder

KIND = "aws:dynamodb/table:Table"


def test_one_table_of_each(recorded: Recorder) -> None:
    names = {resource.inputs["name"] for resource in recorded.of(KIND)}
    assert names == {physical_table_name(PROJECT, recorded.stack, table) for table in TABLES}


def test_keys_and_indexes_are_the_contract(recorded: Recorder) -> None:
    inputs = {resource.inputs["name"]: resource.inputs for resource in recorded.of(KIND)}
    for table in TABLES:
        found = inputs[physical_table_name(PROJECT, recorded.stack, table)]
        assert (found["hashKey"], found.get("rangeKey")) == (table.hash_key, table.range_key)
        assert [attribute["name"] for attribute in found["attributes"]] == list(table.key_attributes)
        assert {attribute["type"] for attribute in found["attributes"]} == {"S"}
        indexes = found.get("globalSecondaryIndexes", [])
        assert [index["name"] for index in indexes] == [index.name for index in table.indexes]
        for declared, index in zip(table.indexes, indexes, strict=True):
            keys = {key["keyType"]: key["attributeName"] for key in index["keySchemas"]}
            assert (keys["HASH"], keys.get("RANGE")) == (declared.hash_key, declared.range_key)
            assert index["projectionType"] == "ALL"
        assert found.get("ttl") == ({"attributeName": table.ttl, "enabled": True} if table.ttl else None)


def test_recoverable_encrypted_on_demand(recorded: Recorder) -> None:
    for resource in recorded.of(KIND):
        assert resource.inputs["billingMode"] == "PAY_PER_REQUEST"
        assert resource.inputs["pointInTimeRecovery"] == {"enabled": True}
        assert resource.inputs["serverSideEncryption"]["enabled"] is True


def test_prod_uses_its_key_and_refuses_deletion(dev: Recorder, prod: Recorder) -> None:
    for resource in prod.of(KIND):
        assert resource.inputs["deletionProtectionEnabled"] is True
        assert ":key/" in resource.inputs["serverSideEncryption"]["kmsKeyArn"]
    for resource in dev.of(KIND):
        assert resource.inputs["deletionProtectionEnabled"] is False
        assert "kmsKeyArn" not in resource.inputs["serverSideEncryption"]
