from __future__ import annotations

from typing import Any

from contracts.template import parse_template
from runs import templates
from runs.put import Put
from runs.stack import Stack
from runs.views import put_line

DATA: dict[str, Any] = {
    "id": "mine",
    "baseAssets": ["wti"],
    "predictedAsset": "wti",
    "startDataset": "2000-03-01",
    "endTraining": "2012-08-31",
    "features": {"rsi": {}},
}


def test_it_is_said_whether_another_template_was_there(stack: Stack) -> None:
    said = [templates.put(stack, parse_template(DATA | changes)) for changes in ({}, {}, {"seed": 7}, {"id": "other"})]
    assert [put.outcome for put in said] == ["stored", "unchanged", "replaced", "stored"]
    assert [item["Id"] for item in templates.stored(stack)] == ["mine", "other"]


def test_what_is_replaced_is_told_with_its_time() -> None:
    assert put_line(Put("stored"), "template mine") == "stored template mine"
    assert put_line(Put("unchanged", "2026-11-25T08:45:01.000+00:00"), "template mine") == "unchanged template mine"
    said = put_line(Put("replaced", "2026-11-25T08:45:01.000+00:00"), "template mine")
    assert said == "replaced template mine (of 2026-11-25 08:45)"
