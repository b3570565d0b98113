"""The evaluation step as SageMaker runs it: after the feature step and a transform, in a process of its own."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from contracts import layout
from contracts.manifest import file_entry, parse_manifest
from contracts.tables import EXECUTION, PREDICTION
from tests.fe_image.step_job import REPOSITORY, Cloud, Job, cloud, make_job, put_snapshot, snapshot_of
from tests.tables import create_table

__all__ = ["cloud"]  # its fixture

EXECUTOR = REPOSITORY / "fe_image/run-evaluation-step.py"


def folder(job: Job, container_path: str) -> Path:
    return job.root / container_path.lstrip("/")


@pytest.fixture
def job(cloud: Cloud, tmp_path: Path, request: pytest.FixtureRequest) -> Job:
    """An execution whose feature step and transform have ended."""
    name = f"run-{hashlib.sha256(request.node.name.encode()).hexdigest()[:12]}"
    made = make_job(cloud, tmp_path, name, features={"rsi": {}, "calendar": {}}, importance=None, calibrationWindows=2)
    code, output = made.run()
    assert code == 0, output
    for output_name, target in (
        ("requests", layout.INPUT_REQUESTS_DIR),
        ("evaluation", layout.INPUT_FITTED_DIR),
        ("manifest", layout.INPUT_MANIFEST_DIR),
    ):
        shutil.move(made.outputs / output_name, folder(made, target))
    shutil.rmtree(made.outputs)
    transform(made)
    made.executor = EXECUTOR
    return made


def transform(job: Job) -> None:
    """Write what a batch transform would: one response per request, in order."""
    random = np.random.default_rng(3)
    target = folder(job, layout.INPUT_BACKTEST_DIR)
    target.mkdir(parents=True)
    for path in (folder(job, layout.INPUT_REQUESTS_DIR) / "lines").iterdir():
        responses = [json.dumps({"samples": random.normal(0, 0.01, (50, 7)).tolist()}) for _ in path.read_text().splitlines()]
        (target / f"{path.name}.out").write_text("\n".join(responses) + "\n")


def read(job: Job, name: str) -> Any:
    return json.loads((job.outputs / "evaluation" / name).read_text())


def test_the_step_writes_the_gate_and_all_reports(job: Job):
    code, output = job.run()
    assert code == 0, output
    gate = read(job, "gate.json")
    assert gate["skillExcess"] == gate["skill"] - gate["requiredSkill"]
    assert gate["requiredSkill"] == -0.05
    assert gate["skill"] == pytest.approx(1 - gate["loss"] / gate["baselineLoss"])
    for key, path in (
        ("targetSha256", folder(job, layout.INPUT_FITTED_DIR) / "target.json"),
        ("scalesSha256", folder(job, layout.INPUT_FITTED_DIR) / "scales.json"),
        ("calibrationSha256", job.outputs / "evaluation/calibration.json"),
    ):
        assert gate[key] == hashlib.sha256(path.read_bytes()).hexdigest()
    manifest = parse_manifest((job.outputs / "manifest/evaluation-manifest.json").read_bytes())
    assert manifest == {name: file_entry(job.outputs / name) for name in manifest}
    assert {Path(name).name for name in manifest} == {
        "gate.json", "scores.json", "baselines.json", "calibration.json", "champion.json", "forecasts.json",
        "statistics.json", "template.json",
    }  # fmt: skip
    forecasts = read(job, "forecasts.json")
    assert (len(forecasts["calibration_windows"]), len(forecasts["windows"])) == (2, 2)
    assert forecasts["baseline"] == gate["bestBaseline"] == read(job, "baselines.json")["best"]
    log = layout.ExecutionLayout(job.execution_id).evaluation_log
    body = job.cloud.s3.get_object(Bucket="models", Key=log)["Body"].read().decode()
    assert "evaluation ended" in body and "best baseline on the calibration windows" in body


def test_an_ablation_is_evaluated_and_never_registered(job: Job):
    put_snapshot(job.cloud, job.execution_id, {**snapshot_of(job), "AblationOf": "run-0"})
    assert job.run()[0] == 0
    gate = read(job, "gate.json")
    assert gate["requiredSkill"] == 2
    assert gate["skillExcess"] == gate["skill"] - 2 < 0


def test_the_champion_of_the_execution_is_compared_by_its_published_forecasts(job: Job):
    create_table(job.cloud.dynamodb, PREDICTION)
    package, series = (
        "arn:aws:sagemaker:eu-central-1:123456789012:model-package/demo/3",
        f"daily/{snapshot_of(job)['Template']['predictedAsset']}",
    )
    item = job.cloud.item(job.execution_id) | {"Champion": {"S": package}, "TemplateId": {"S": "daily"}}
    job.cloud.dynamodb.put_item(TableName=EXECUTION.name, Item=item)
    assert job.run()[0] == 1
    assert "PREDICTION_TABLE is missing; the pipeline's definition sets it" in job.message
    job.environment["PREDICTION_TABLE"] = PREDICTION.name
    assert job.run()[0] == 0
    assert read(job, "champion.json")["reason"] == "the approved model has published no forecast of a date in the test windows"
    window = read(job, "forecasts.json")["windows"][0]
    for step, (time, price) in enumerate(zip(window["timestamps"], window["actual"], strict=True)):
        if price is not None:
            texts = {
                "Series": series, "Row": f"{time}/f{step}", "Time": time, "Cutoff": window["timestamps"][0],
                "Quantiles": json.dumps({"0.5": 2 * price}), "ModelPackageArn": package,
            }  # fmt: skip
            job.cloud.dynamodb.put_item(TableName=PREDICTION.name, Item={name: {"S": text} for name, text in texts.items()})
    assert job.run()[0] == 0
    champion = read(job, "champion.json")
    assert champion["compared"] is True
    assert champion["values"] == sum(price is not None for price in window["actual"])
    assert 0.5 < champion["skill"] < 1


def test_again_the_same_bytes(job: Job):
    assert job.run()[0] == 0
    first = job.files()
    assert job.run()[0] == 0
    assert job.files() == first


def out_file(job: Job) -> Path:
    return folder(job, layout.INPUT_BACKTEST_DIR) / "0000.jsonl.out"


def drop_line(lines: list[str]) -> list[str]:
    return lines[:-1]


def short_path(lines: list[str]) -> list[str]:
    return [json.dumps({"samples": [[1.0, 2.0]]}), *lines[1:]]


def an_error(lines: list[str]) -> list[str]:
    return [*lines[:2], '{"error": "out of memory"}', *lines[3:]]


def null_value(lines: list[str]) -> list[str]:
    samples = json.loads(lines[1])["samples"]
    samples[0][3] = None
    return [lines[0], json.dumps({"samples": samples}), *lines[2:]]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (drop_line, "0000.jsonl.out is '11 lines'; allowed: 12, as 0000.jsonl has requests"),
        (short_path, "0000.jsonl.out line 1 is 'samples of shape (1, 2)'; allowed:"),
        (null_value, "0000.jsonl.out line 2 is '1 values that are not finite'; allowed:"),
        (an_error, '0000.jsonl.out line 3 is \'{"error": "out of memory"}\'; allowed:'),
    ],
)
def test_a_transform_that_failed_in_part_is_one_message(job: Job, change: Any, expected: str):
    out_file(job).write_text("\n".join(change(out_file(job).read_text().splitlines())))
    code, output = job.run()
    assert code == 1
    assert expected in job.message
    assert job.message.startswith("backtest: 1 problem")
    assert "Traceback" not in output
    assert not job.outputs.exists()


def test_a_missing_output_and_a_changed_state_are_named(job: Job):
    out_file(job).unlink()
    assert job.run()[0] == 1
    assert "0000.jsonl.out is missing" in job.message
    with (folder(job, layout.INPUT_FITTED_DIR) / "target.json").open("a") as stream:
        stream.write(" ")
    assert job.run()[0] == 1
    assert "evaluation/target.json is " in job.message and "the manifest has" in job.message


def test_an_index_of_other_windows_is_refused(job: Job):
    index = folder(job, layout.INPUT_REQUESTS_DIR) / "index.json"
    content = json.loads(index.read_text())
    content["windows"].reverse()
    index.write_text(json.dumps(content))
    manifest = folder(job, layout.INPUT_MANIFEST_DIR) / "manifest.json"
    entries = json.loads(manifest.read_text())
    entries["files"]["requests/index.json"] = file_entry(index)
    manifest.write_text(json.dumps(entries))
    assert job.run()[0] == 1
    assert "these members differ: windows" in job.message
