"""Names and keys of the tables: another name or key would replace a table that holds data."""

from __future__ import annotations

import pytest

from contracts import tables
from contracts.tables import EXECUTION, EXECUTION_EVENT, TABLES


def test_tables_keep_their_names_and_keys() -> None:
    assert [(table.name, table.hash_key, table.range_key) for table in TABLES] == [
        ("asset-metadata", "AssetName", None),
        ("training-template", "Id", None),
        ("model-training-execution", "Id", None),
        ("execution-event", "ExecutionId", "EventKey"),
        ("endpoint-maintenance", "EndpointName", None),
        ("predictions", "Series", "Row"),
    ]


def test_indexes_keep_their_names_and_keys() -> None:
    indexes = {table.name: [(index.name, index.hash_key, index.range_key) for index in table.indexes] for table in TABLES}
    assert {name: found for name, found in indexes.items() if found} == {
        "model-training-execution": [("PipelineExecutionArnIndex", "PipelineExecutionArn", None)],
        "endpoint-maintenance": [("EndpointStatusIndex", "EndpointStatus", "DeleteAfter")],
    }


def test_only_events_expire() -> None:
    assert {table.name: table.ttl for table in TABLES if table.ttl} == {EXECUTION_EVENT.name: "ExpiresAt"}


def test_key_attributes_are_listed_once_and_in_order() -> None:
    assert EXECUTION.key_attributes == ("Id", "PipelineExecutionArn")
    assert EXECUTION_EVENT.key_attributes == ("ExecutionId", "EventKey")


@pytest.mark.parametrize(
    ("attributes", "others"),
    [
        (tables.ExecutionAttribute, {}),
        (tables.EventAttribute, {}),
        (tables.TemplateAttribute, {"ASSETS": "BaseAssets"}),
        (tables.AssetAttribute, {"NAME": "AssetName"}),
        (tables.EndpointAttribute, {"NAME": "EndpointName", "STATUS": "EndpointStatus"}),
        (tables.PredictionAttribute, {}),
        (tables.StepKey, {}),
    ],
)
def test_stored_attributes_are_named_after_their_constants(attributes: type, others: dict[str, str]) -> None:
    """A renamed attribute would lose what existing items store, so each name is written here or follows from the constant."""
    names = {name: value for name, value in vars(attributes).items() if name.isupper() and isinstance(value, str)}
    assert names == {name: "".join(map(str.capitalize, name.split("_"))) for name in names} | others
