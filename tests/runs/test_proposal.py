"""The proposed template: valid, for the stored assets' dates and frequency, with windows that their rows allow."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from typer.testing import CliRunner

from contracts.problems import ProblemsError
from contracts.tables import AssetAttribute
from contracts.template import parse_template
from runs import cli
from runs.cli import app
from runs.proposal import propose
from runs.ranges import resolved_template
from runs.stack import Stack
from tests.examples import examples

STEPS = {"1D": timedelta(days=1), "1H": timedelta(hours=1), "1W": timedelta(weeks=1), "30min": timedelta(minutes=30)}
FIRST = datetime(2020, 1, 6)


def put(stack: Stack, name: str, rows: int = 1000, frequency: str = "1D", lowest: float = 1.0, first: datetime = FIRST) -> None:
    last = first + (rows - 1) * STEPS[frequency]
    form = "%Y-%m-%d" if frequency in ("1D", "1W") else "%Y-%m-%d %H:%M:%S"
    item = {"AssetName": name, "FirstDate": f"{first:{form}}", "LastDate": f"{last:{form}}", AssetAttribute.ROWS: rows}
    item |= {"Frequency": frequency, "LowestPrice": repr(lowest), "Sha256": name}
    stack.dynamodb.Table(stack.outputs.asset_table).put_item(Item=item)


def test_it_begins_where_all_assets_have_prices_and_suits_their_values(stack: Stack) -> None:
    put(stack, "AAPL")
    put(stack, "MSFT", first=FIRST + timedelta(days=30), rows=970)
    found, notes = propose(stack, "mine", ["AAPL", "MSFT", "AAPL"], "AAPL")
    assert (found["baseAssets"], found["startDataset"]) == (["AAPL", "MSFT"], "2020-02-05")
    assert (found["predictionLength"], found["calibrationWindows"], found["testWindows"]) == (20, 4, 8)
    assert found["targetTransform"] == "log_return"
    assert notes[0].startswith("endTraining is latest: with the prices stored now, a start trains until 2022-")


@pytest.mark.parametrize(("lowest", "transform"), [(0.0, "level"), (-3.5, "level"), (0.01, "log_return")])
def test_values_that_have_no_logarithm_stay_as_they_are(stack: Stack, lowest: float, transform: str) -> None:
    put(stack, "t", 2000, "1H", lowest)
    assert propose(stack, "mine", ["t"], "t")[0]["targetTransform"] == transform


@examples(40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(sorted(STEPS)), st.integers(2, 3000), st.integers(1, 3))
def test_what_is_proposed_is_valid_and_leaves_half_of_the_steps_to_the_training(
    stack: Stack, frequency: str, rows: int, count: int
) -> None:
    names = [f"a{number}" for number in range(count)]
    for name in names:
        put(stack, name, rows, frequency)
    try:
        found, _ = propose(stack, "mine", names, names[0])
    except ProblemsError as error:
        assert "share" in str(error)
        return
    parse_template(found)
    table = stack.dynamodb.Table(stack.outputs.asset_table)
    metadata = {name: table.get_item(Key={"AssetName": name})["Item"] for name in names}
    versions: Any = {name: {"Key": "k", "VersionId": "1", "Sha256": name, "Size": 1} for name in names}
    resolved, problems = resolved_template(found, versions, metadata)
    assert problems == []
    trained = datetime.fromisoformat(resolved["endTraining"]) - FIRST
    assert trained >= 0.5 * (rows - 1) * STEPS[frequency]


@pytest.mark.parametrize(
    ("assets", "predicted", "message"),
    [
        (["AAPL", "gold"], "AAPL", "--assets is 'gold'; it is not stored"),
        (["AAPL"], "MSFT", "--predict is 'MSFT'; allowed: one of --assets: AAPL"),
        (["AAPL", "hourly"], "AAPL", "AAPL 1D, hourly 1H'; allowed: assets of one frequency"),
        (["short"], "short", "the assets share 9 steps of 1D, .* needed: about 80"),
        (["AAPL", "later"], "AAPL", "the assets share 0 steps of 1D"),
    ],
)
def test_what_cannot_be_proposed_says_why(stack: Stack, assets: list[str], predicted: str, message: str) -> None:
    put(stack, "AAPL")
    put(stack, "hourly", frequency="1H")
    put(stack, "short", rows=10)
    put(stack, "later", first=FIRST + timedelta(days=5000))
    with pytest.raises(ProblemsError, match=message):
        propose(stack, "mine", assets, predicted)


def test_the_command_writes_a_new_file_and_never_over_another(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(cli.Stack, "load", lambda path=None: stack)
    put(stack, "AAPL")
    command = ["template", "new", "mine", "--assets", "AAPL", "--predict", "AAPL", "--out", str(tmp_path / "mine.json")]
    done = CliRunner().invoke(app, command)
    assert (done.exit_code, json.loads((tmp_path / "mine.json").read_text())["id"]) == (0, "mine"), done.output
    assert CliRunner().invoke(app, ["template", "validate", str(tmp_path / "mine.json")]).exit_code == 0
    assert CliRunner().invoke(app, command).exit_code == 1
