"""Prepare and Publish as SageMaker runs them, each in a process of its own, with a transform in between."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet
import pytest

from contracts import layout
from contracts.manifest import file_entry, parse_manifest
from contracts.tables import PREDICTION
from fe_image.data.arrays import Panel
from fe_image.engineer import engineer
from fe_image.forecast.rows import mean_loss
from tests.fe_image.forecast.fitted import write_fitted
from tests.fe_image.step_job import REPOSITORY, Cloud, Job, cloud, put_snapshot, snapshot_of
from tests.fe_image.support import histories, template, template_data, walk, write_csv
from tests.tables import create_table

__all__ = ["cloud"]  # its fixture

PANEL = walk(1, rows=340)
SETTINGS: dict[str, Any] = {"features": {"rsi": {}, "arima": {}, "calendar": {}}, "importance": None, "unit": "USD"}
PACKAGE = "arn:aws:sagemaker:eu-central-1:123456789012:model-package/demo/3"


@pytest.fixture(scope="module")
def table(cloud: Cloud) -> Any:
    create_table(cloud.dynamodb, PREDICTION)
    return lambda: cloud.dynamodb.scan(TableName=PREDICTION.name)["Items"]


def folder(job: Job, container_path: str) -> Path:
    return job.root / container_path.lstrip("/")


def forecast_job(cloud: Cloud, root: Path, execution_id: str, panel: Panel, template_id: str) -> Job:
    """Return an execution of the forecast pipeline with prices, and a model trained on all of PANEL."""
    job = Job(cloud, root, execution_id, {"PREDICTION_TABLE": PREDICTION.name})
    assets = folder(job, layout.INPUT_ASSETS_DIR)
    write_csv(assets, panel)
    data = engineer(histories(PANEL), template(PANEL, 300, id=template_id, **SETTINGS))
    files = write_fitted(folder(job, layout.INPUT_FITTED_DIR), data)
    model = {"PackageArn": PACKAGE, "ExecutionId": "run-0", "FittedS3Uri": "s3://models/f", "BestBaseline": "last value"}
    snapshot = {
        "Template": template_data(PANEL, 300, id=template_id, **SETTINGS),
        "Assets": {name: version(assets / f"{name}.csv") for name in panel.assets},
        "Model": {**model, "Files": files},
        "Horizon": 5,
    }
    put_snapshot(cloud, execution_id, snapshot)
    return job


def version(path: Path) -> dict[str, Any]:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return {"Key": layout.asset_key(path.stem), "VersionId": "v1", "Sha256": digest, "Size": path.stat().st_size}


def prepare(job: Job) -> None:
    job.executor = REPOSITORY / "fe_image/run-prepare-step.py"
    code, output = job.run()
    assert code == 0, output
    entries = parse_manifest((job.outputs / "manifest/manifest.json").read_bytes())
    assert entries == {name: file_entry(job.outputs / name) for name in entries}
    assert set(entries) == {"requests/index.json", "requests/lines/0000.jsonl"}
    shutil.move(job.outputs / "requests", folder(job, layout.INPUT_REQUESTS_DIR))
    shutil.rmtree(job.outputs)
    transform(job)
    job.executor = REPOSITORY / "fe_image/run-publish-step.py"


def transform(job: Job) -> None:
    """Write what a batch transform would: one response per request, in order."""
    random = np.random.default_rng(3)
    target = folder(job, layout.INPUT_SAMPLES_DIR)
    target.mkdir(parents=True)
    for path in (folder(job, layout.INPUT_REQUESTS_DIR) / "lines").iterdir():
        responses = [json.dumps({"samples": random.normal(0, 0.01, (50, 7)).tolist()}) for _ in path.read_text().splitlines()]
        (target / f"{path.name}.out").write_text("\n".join(responses) + "\n")


def publish(job: Job) -> dict[str, Any]:
    code, output = job.run()
    assert code == 0, output
    return json.loads((job.outputs / "forecast/forecast.json").read_text())


def test_a_forecast_is_published_and_scored_by_the_next_one(cloud: Cloud, table: Any, tmp_path: Path):
    first = forecast_job(cloud, tmp_path / "1", "run-1", PANEL.head(330), "demo")
    prepare(first)
    forecast = publish(first)
    check_files(first, forecast)
    rows = table()
    assert len(rows) == len(forecast["rows"])
    check_rows(rows, forecast)
    assert not any("Actual" in row for row in rows)

    later = forecast_job(cloud, tmp_path / "2", "run-2", PANEL.head(332), "demo")  # the third day has no price yet
    prepare(later)
    publish(later)
    scored = own_rows(table(), "run-1")
    assert sum("Actual" in row for row in scored.values()) == 6
    check_scores(scored, forecast)

    assert publish(first) == forecast, "again, as a retried step"
    assert own_rows(table(), "run-1") == scored, "a score stays"


def own_rows(rows: list[dict[str, Any]], execution_id: str) -> dict[tuple[str, str], dict[str, Any]]:
    return {(row["Asset"]["S"], row["Time"]["S"]): row for row in rows if row["ExecutionId"]["S"] == execution_id}


def check_files(job: Job, forecast: dict[str, Any]) -> None:
    entries = parse_manifest((job.outputs / f"manifest/{layout.PUBLISH_MANIFEST_NAME}").read_bytes())
    assert entries == {name: file_entry(job.outputs / name) for name in entries}
    assert set(entries) == {f"forecast/forecast.{kind}" for kind in ("json", "csv", "parquet")}
    assert {name: forecast[name] for name in ("version", "execution_id", "template", "asset", "unit", "baseline")} == {
        "version": 1, "execution_id": "run-1", "template": "demo", "asset": "A2", "unit": "USD", "baseline": "last value",
    }  # fmt: skip
    assert forecast["cutoff"] == forecast["history"]["timestamps"][-1] == "2002-04-05 00:00:00"
    assert forecast["history"]["price"][-1] == PANEL.close[2, 329]
    times = [row["time"] for row in forecast["rows"] if row["asset"] == "A0"]
    assert times == [f"2002-04-{day:02d} 00:00:00" for day in (8, 9, 10)], "five steps after a Friday, three with trading"
    table = list(csv.DictReader(io.StringIO((job.outputs / "forecast/forecast.csv").read_text())))
    assert [{**row, "mean": float(row["mean"])} for row in table] == [
        {name: row[name] for name in ("asset", "cutoff", "time", "mean")}
        | {f"q{level}": repr(value) for level, value in row["quantiles"].items()}
        for row in forecast["rows"]
    ]
    columns = pyarrow.parquet.read_table(job.outputs / "forecast/forecast.parquet").to_pydict()
    assert list(columns) == list(table[0])
    assert [f"{time:%Y-%m-%d %H:%M:%S}" for time in columns["time"]] == [row["time"] for row in table]
    assert columns["asset"] == [row["asset"] for row in table]
    assert columns["q0.9"] == [row["quantiles"]["0.9"] for row in forecast["rows"]]


def check_rows(rows: list[dict[str, Any]], forecast: dict[str, Any]) -> None:
    found = {(row["Series"]["S"], row["Row"]["S"]): row for row in rows}
    for row in forecast["rows"]:
        item = found[f"demo/{row['asset']}", f"{row['time']}/run-1"]
        assert json.loads(item["Quantiles"]["S"]) == row["quantiles"]
        assert json.loads(item["BaselineQuantiles"]["S"]) == row["baseline_quantiles"]
        assert float(item["Mean"]["S"]) == row["mean"]
        assert (item["ModelPackageArn"]["S"], item["Baseline"]["S"]) == (PACKAGE, "last value")
        assert item["TrainedUntil"]["S"] == str(PANEL.times[299]).replace("T", " ")


def check_scores(scored: dict[tuple[str, str], dict[str, Any]], forecast: dict[str, Any]) -> None:
    for row in forecast["rows"]:
        item = scored[row["asset"], row["time"]]
        if "Actual" not in item:
            assert row["time"] == "2002-04-10 00:00:00"
            continue
        place = PANEL.times.tolist().index(np.datetime64(row["time"].replace(" ", "T")).item())
        actual = PANEL.close[PANEL.assets.index(row["asset"]), place]
        assert float(item["Actual"]["S"]) == actual
        assert float(item["Loss"]["S"]) == pytest.approx(mean_loss(row["quantiles"], actual))
        assert float(item["BaselineLoss"]["S"]) == pytest.approx(mean_loss(row["baseline_quantiles"], actual))


def test_problems_are_named_before_anything_is_written(cloud: Cloud, table: Any, tmp_path: Path):
    job = forecast_job(cloud, tmp_path, "run-3", PANEL.head(335), "other")
    prepare(job)
    before = table()
    out = next(folder(job, layout.INPUT_SAMPLES_DIR).iterdir())
    content = out.read_text()
    out.write_text(content.splitlines()[0] + "\n")
    assert job.run()[0] == 1
    assert job.message.startswith("forecast: 1 problem") and "0000.jsonl.out is '1 lines'; allowed: 3" in job.message
    out.write_text(content)
    snapshot = snapshot_of(job)
    snapshot["Model"]["Files"]["scales.json"] = "0" * 64
    put_snapshot(cloud, job.execution_id, snapshot)
    code, output = job.run()
    assert code == 1 and "Traceback" not in output
    assert "scales.json is 'SHA-256" in job.message and "which the model package recorded" in job.message
    assert table() == before and not job.outputs.exists()
    log = layout.ExecutionLayout(job.execution_id).publish_log
    assert b"scales.json" in cloud.s3.get_object(Bucket="models", Key=log)["Body"].read()


def test_a_step_without_the_prediction_table_says_what_sets_it(cloud: Cloud, table: Any, tmp_path: Path):
    job = forecast_job(cloud, tmp_path, "run-4", PANEL.head(335), "other")
    job.executor = REPOSITORY / "fe_image/run-publish-step.py"
    del job.environment["PREDICTION_TABLE"]
    assert job.run()[0] == 1
    assert "PREDICTION_TABLE is missing; the pipeline's definition sets it" in job.message
