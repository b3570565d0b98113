from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from contracts.problems import ProblemsError
from contracts.template import parse_template
from runs import begin, cli, templates
from runs.stack import Stack
from runs.upsert import Upsert
from runs.views import upsert_line

DATA: dict[str, Any] = {
    "id": "mine",
    "baseAssets": ["wti"],
    "predictedAsset": "wti",
    "startDataset": "2000-03-01",
    "endTraining": "2012-08-31",
    "features": {"rsi": {}},
}


def test_an_upsert_reports_whether_another_template_was_replaced(stack: Stack) -> None:
    changes: list[dict[str, Any]] = [{}, {}, {"seed": 7}, {"id": "other"}]
    done = [templates.put(stack, parse_template(DATA | change), replace=True) for change in changes]
    assert [put.outcome for put in done] == ["stored", "unchanged", "replaced", "stored"]
    assert done[2].before
    assert [item["Id"] for item in templates.stored(stack)] == ["mine", "other"]


def test_another_template_with_the_same_id_is_not_replaced_unasked(stack: Stack) -> None:
    assert templates.put(stack, parse_template(DATA)) == Upsert("stored")
    (first,) = templates.stored(stack)
    assert templates.put(stack, parse_template(DATA)) == Upsert("unchanged", first["StoredAt"])
    (same,) = templates.stored(stack)
    with pytest.raises(ProblemsError, match="id is 'mine'; another template has this id; choose another id, or pass --replace"):
        templates.put(stack, parse_template(DATA | {"seed": 7}))
    assert templates.stored(stack) == [same]


def test_a_template_without_an_id_is_valid_but_not_stored(stack: Stack, tmp_path: Path) -> None:
    nameless = {name: value for name, value in DATA.items() if name != "id"}
    with pytest.raises(ProblemsError, match="id is missing; allowed: 1 to 40 letters"):
        templates.put(stack, parse_template(nameless))
    assert templates.stored(stack) == []
    (tmp_path / "mine.json").write_text(json.dumps(nameless))
    shown = CliRunner().invoke(cli.app, ["template", "validate", str(tmp_path / "mine.json")])
    assert f"template {tmp_path / 'mine.json'} is valid\nnote   id is missing; `runs template put` needs it" in shown.stdout


@pytest.mark.parametrize("name", ["", "a b", "x" * 41, "a/../b"])
def test_a_text_that_cannot_be_an_id_is_reported(stack: Stack, name: str) -> None:
    with pytest.raises(ProblemsError, match="template id is '.*'; allowed: 1 to 40 letters"):
        begin.stored_template(stack, name)


def test_a_replaced_template_is_reported_with_its_time() -> None:
    assert upsert_line(Upsert("stored"), "template mine") == "stored template mine"
    assert upsert_line(Upsert("unchanged", "2026-11-25T08:45:01.000+00:00"), "template mine") == "unchanged template mine"
    replaced = upsert_line(Upsert("replaced", "2026-11-25T08:45:01.000+00:00"), "template mine")
    assert replaced == "replaced template mine (of 2026-11-25 08:45)"
