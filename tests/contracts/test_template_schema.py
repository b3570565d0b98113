"""The training template's schema, its documentation and the examples."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from contracts.feature_settings import GROUPS, Features
from contracts.template import json_schema, parse_template

EXAMPLES = Path(__file__).parents[2] / "examples/templates"


def test_schema_names_every_field_and_group():
    schema = json_schema()
    assert schema["additionalProperties"] is False
    assert {"baseAssets", "predictedAsset", "endTraining", "gateMargin"} <= set(schema["properties"])
    assert set(schema["$defs"]["Features"]["properties"]) == set(GROUPS) == set(Features.model_fields)
    assert json.loads(json.dumps(schema)) == schema


def properties() -> dict[str, dict[str, Any]]:
    """Every field of the schema by its path: the template's own ones, and those of each model in it."""
    schema = json_schema()
    models = {"": schema, **{f"{name}.": model for name, model in schema["$defs"].items()}}
    return {f"{name}{field}": text for name, model in models.items() for field, text in model["properties"].items()}


@pytest.mark.parametrize("field", properties())
def test_the_schema_says_what_each_field_means(field: str):
    assert properties()[field].get("description", "").endswith(".")
    assert "title" not in properties()[field]


def test_the_documentation_has_every_field_of_a_template():
    page = (EXAMPLES.parents[1] / "docs/features.md").read_text()
    rows = [re.findall("`([^`]+)`", line.split("|")[1]) for line in page.splitlines() if line.startswith("| `")]
    named = {name for row in rows for name in row}
    models = {"data": "DataPolicy", "importance": "Importance", "evaluation": "Evaluation", "drift": "Drift"}
    inner = {f"{field}.{name}" for field, model in models.items() for name in json_schema()["$defs"][model]["properties"]}
    assert (set(json_schema()["properties"]) | inner) - {"data", "evaluation"} <= named


def test_the_documentation_has_the_defaults_of_a_template():
    page = (EXAMPLES.parents[1] / "docs/features.md").read_text()
    for field, text in json_schema()["properties"].items():
        if isinstance(text.get("default"), int | float):
            assert re.search(rf"^\| `{field}` \| {text['default']} \|", page, re.MULTILINE), field


def test_the_committed_schema_is_the_models():
    committed = (EXAMPLES / "template.schema.json").read_text()
    assert json.loads(committed) == json_schema(), "write json_schema() to examples/templates/template.schema.json"


@pytest.mark.parametrize(
    "path", sorted(set(EXAMPLES.glob("*.json")) - {EXAMPLES / "template.schema.json"}), ids=lambda p: p.name
)
def test_examples_are_good_templates(path: Path):
    template = parse_template(json.loads(path.read_text()))
    assert template.id == path.stem
