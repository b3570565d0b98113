"""A faulty snapshot is one message that names the field, never a traceback."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from contracts.problems import ProblemsError
from contracts.snapshot import canonical_json
from fe_image.execution_source import forecast_source, item_source
from tests.fe_image.support import template_data, walk

PANEL = walk(1, rows=340)


def snapshot() -> dict[str, Any]:
    version = {"Key": "assets/A.csv", "VersionId": "v1", "Sha256": "0" * 64, "Size": 1}
    return {"Template": template_data(PANEL, 300), "Parameters": {}, "Assets": {name: dict(version) for name in PANEL.assets}}


def source_of(text: str) -> Any:
    return item_source({"Id": {"S": "run-1"}, "Snapshot": {"S": text}}, "run-1")


def test_a_whole_snapshot():
    source = source_of(canonical_json(snapshot()))
    assert source.assets["A0"]["VersionId"] == "v1"
    assert source.template.base_assets == PANEL.assets


FAULTS: list[tuple[Callable[[dict[str, Any]], object], list[str]]] = [
    (lambda s: s["Assets"]["A0"].pop("Sha256"), ["Assets.A0.Sha256 is missing; allowed: 64 hexadecimal digits"]),
    (lambda s: s["Assets"]["A0"].update(Sha256=5), ["Assets.A0.Sha256 is 5; allowed: 64 hexadecimal digits"]),
    (lambda s: s["Assets"]["A1"].update(Key=""), ["Assets.A1.Key is ''; allowed: the key of the asset's object"]),
    (lambda s: s["Assets"].update(A2="v1"), ["Assets.A2 is 'v1'; allowed: one JSON object"]),
    (lambda s: s["Assets"].clear(), [f"Assets.A{i} is missing; the snapshot records a version" for i in range(3)]),
    (lambda s: s.update(Assets=["A0", "A1"]), ["Assets is ['A0', 'A1']; allowed: one JSON object"]),
    (
        lambda s: s["Template"].update(endTraining="latest"),
        ["Template.endTraining is 'latest'; a start replaces it by a date; start with `runs start`"],
    ),
    (lambda s: s.pop("Template"), ["template is missing; allowed: one JSON object"]),
]


@pytest.mark.parametrize(("fault", "messages"), FAULTS)
def test_a_faulty_snapshot_names_every_field(fault: Callable[[dict[str, Any]], object], messages: list[str]):
    faulty = snapshot()
    fault(faulty)
    with pytest.raises(ProblemsError) as error:
        source_of(canonical_json(faulty))
    assert len(error.value.problems) == len(messages)
    for message in messages:
        assert message in str(error.value)


@pytest.mark.parametrize("text", ["{not json", "[]", "3"])
def test_a_snapshot_that_is_no_json_object(text: str):
    with pytest.raises(ProblemsError, match=r"execution run-1: 1 problem\n  - Snapshot is .*; allowed: one JSON object"):
        source_of(text)


def forecast_snapshot() -> dict[str, Any]:
    files = {f"{name}.json": "0" * 64 for name in ("target", "scales", "calibration", "template")}
    model = {"PackageArn": "arn", "ExecutionId": "run-0", "FittedS3Uri": "s3://m/f", "Files": files, "BestBaseline": "ETS"}
    return {**snapshot(), "Model": model, "Horizon": 7}


def forecast_of(snapshot: dict[str, Any]) -> Any:
    return forecast_source({"Id": {"S": "run-1"}, "Snapshot": {"S": canonical_json(snapshot)}}, "run-1")


def test_a_forecasts_snapshot_has_the_model_and_the_horizon():
    source = forecast_of(forecast_snapshot())
    assert (source.model["BestBaseline"], source.horizon) == ("ETS", 7)
    assert source.template.base_assets == PANEL.assets


FORECAST_FAULTS: list[tuple[Callable[[dict[str, Any]], object], list[str]]] = [
    (lambda s: s.pop("Model"), ["Model is missing; `runs forecast` records there which model"]),
    (lambda s: s["Model"].update(Files=None), [f"Model.Files.{n}.json is missing" for n in ("target", "template")]),
    (lambda s: s["Model"]["Files"].update({"scales.json": "x"}), ["Model.Files.scales.json is 'x'; allowed: 64"]),
    (lambda s: s["Model"].update(BestBaseline=""), ["Model.BestBaseline is ''; allowed: the name of the best baseline"]),
    (lambda s: s.update(Horizon=8), ["Horizon is 8; allowed: from 1 to 7, the template's predictionLength"]),
    (lambda s: s.update(Horizon=True), ["Horizon is True; allowed: from 1 to 7"]),
    (lambda s: (s.pop("Horizon"), s["Model"].pop("PackageArn")), ["Horizon is missing", "Model.PackageArn is missing"]),
]


@pytest.mark.parametrize(("fault", "messages"), FORECAST_FAULTS)
def test_a_faulty_model_or_horizon_names_every_field(fault: Callable[[dict[str, Any]], object], messages: list[str]):
    faulty = forecast_snapshot()
    fault(faulty)
    with pytest.raises(ProblemsError) as error:
        forecast_of(faulty)
    for message in messages:
        assert message in str(error.value)
