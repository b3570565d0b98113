"""The deployed definition, run: what is in the buckets and in the parameters is what happens."""

from __future__ import annotations

import io
import json
import tarfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from contracts.hyperparameters import HYPERPARAMETERS
from contracts.layout import ExecutionLayout, asset_key
from contracts.status import FAILED, NOT_REGISTERED, REGISTERED, STEPS, SUCCEEDED
from contracts.tables import ExecutionAttribute, StepKey
from contracts.template import parse_template
from local_run.demo import TEMPLATE
from local_run.sample_data import sample_prices
from local_run.session import Session
from pipeline_def.author.hyperparameter_defaults import DEFAULTS
from runs import assets, begin, templates
from runs.price_files import read_price_files
from runs.store import execution_store
from tests.whole_run.conftest import GATE_MARGIN, WAIT_SECONDS, Finished, finish

pytestmark = pytest.mark.slow

#: Of every hyperparameter that a start may set, a value that is not its default.
OTHER_VALUES = {
    "epochs": "3",
    "learning_rate": "0.002",
    "mini_batch_size": "64",
    "num_cells": "20",
    "num_layers": "1",
    "dropout_rate": "0.2",
    "embedding_dimension": "5",
    "likelihood": "gaussian",
    "cardinality": "[6]",
    "num_dynamic_feat": "ignore",
    "num_eval_samples": "50",
    "test_quantiles": "[0.25, 0.75]",
    "early_stopping_patience": "7",
}
Run = Callable[..., Finished]


def model_file(run: Finished, name: str) -> bytes:
    (key,) = [key for key in run.stored() if key.endswith("model.tar.gz")]
    with tarfile.open(fileobj=io.BytesIO(run.read(key))) as archive:
        member = archive.extractfile(name)
        assert member is not None
        return member.read()


def versions(session: Session) -> set[tuple[str, str]]:
    """Key and version of everything that was ever written to the models bucket."""
    pages = session.stack.s3.get_paginator("list_object_versions").paginate(Bucket=session.outputs.models_bucket)
    return {(entry["Key"], entry["VersionId"]) for page in pages for entry in page.get("Versions", [])}


def logged(session: Session) -> str:
    """All that processing jobs wrote to CloudWatch."""
    logs = session.emulator.client("logs")
    group = "/aws/sagemaker/ProcessingJobs"
    streams = logs.describe_log_streams(logGroupName=group)["logStreams"]
    events = [logs.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"])["events"] for stream in streams]
    return "\n".join(event["message"] for stream in events for event in stream)


@pytest.fixture(scope="module")
def plain(session: Session) -> Finished:
    return finish(session, begin.start(session.stack, "demo", "plain"))


def test_an_execution_ends_registered_with_every_step_on_its_item(plain: Finished, session: Session) -> None:
    item = plain.item
    assert (item[ExecutionAttribute.STATUS], item[ExecutionAttribute.OUTCOME]) == (SUCCEEDED, REGISTERED)
    steps = item[ExecutionAttribute.STEPS]
    assert {name: step[StepKey.STATUS] for name, step in steps.items()} == dict.fromkeys(STEPS, SUCCEEDED)
    package = session.stack.sagemaker.describe_model_package(ModelPackageName=item[ExecutionAttribute.MODEL_PACKAGE_ARN])
    artefact = package["InferenceSpecification"]["Containers"][0]["ModelDataUrl"]
    assert artefact.removeprefix(f"s3://{session.outputs.models_bucket}/") in plain.stored()
    assert package["ModelApprovalStatus"] == "Approved"  # as Pulumi.local.yaml sets it
    assert package["ModelMetrics"]


def test_the_log_is_synced_while_the_step_runs(session: Session, tmp_path: Path) -> None:
    """The item gets at least two revisions before the step ends; the step lasts several sync intervals."""
    copies = [f"copy{number}" for number in range(50)]
    history = "\n".join(["Date,Close", *(f"{day},{price}" for day, price in sample_prices("sp500")), ""])
    for name in copies:
        (tmp_path / f"{name}.csv").write_text(history)
    assets.put(session.stack, read_price_files([tmp_path / f"{name}.csv" for name in copies]))
    template = json.loads(TEMPLATE.read_text())
    many = template | {"id": "many", "baseAssets": [*template["baseAssets"], *copies]}
    templates.put(session.stack, parse_template(many))
    store = execution_store(session.stack)
    started = begin.start(session.stack, "many", "watched")
    revisions = set()
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        item = store.get("watched") or {}
        step = item.get(ExecutionAttribute.STEPS, {}).get("FeatureEngineering", {})
        if step.get(StepKey.STATUS) == SUCCEEDED:
            break
        revisions.add(int(item.get(ExecutionAttribute.LOG_REVISION, 0)))
        time.sleep(0.02)
    finish(session, started)
    assert len(revisions - {0}) >= 2


def test_the_whole_logs_of_both_steps_are_stored_and_the_tail_is_the_later_one_s(plain: Finished) -> None:
    layout = ExecutionLayout("plain")
    assert "feature engineering begins" in plain.read(layout.step_log).decode()
    whole = plain.read(layout.evaluation_log).decode()
    assert "evaluation begins" in plain.item[ExecutionAttribute.LOG_TAIL]
    assert whole.endswith(plain.item[ExecutionAttribute.LOG_TAIL][-200:])


def test_what_was_trained_on_is_what_the_step_wrote(plain: Finished) -> None:
    layout = ExecutionLayout("plain")
    assert model_file(plain, "train-train.json") == plain.read(layout.train_json)
    assert model_file(plain, "test-test.json") == plain.read(layout.test_json)
    manifest = json.loads(plain.read(layout.manifest))
    assert {f"{layout.prefix}/{name}" for name in manifest["files"]} <= set(plain.stored())


def test_the_template_sets_its_hyperparameters(session: Session, tmp_path: Path) -> None:
    """Only the template sets them: its three values differ from the pipeline's defaults, and a start may not set them."""
    fridays = [f"{day},{price}" for day, price in sample_prices("sp500") if date.fromisoformat(day).weekday() == 4]
    path = tmp_path / "sp500weekly.csv"
    path.write_text("\n".join(["Date,Close", *fridays, ""]))
    assets.put(session.stack, read_price_files([path]))
    template = json.loads(TEMPLATE.read_text()) | {"id": "weekly", "frequency": "1W"}
    template |= {"predictionLength": 4, "contextLength": 12}
    template |= {"baseAssets": ["sp500weekly"], "predictedAsset": "sp500weekly", "dynamicFeatures": ["rsi"]}
    template["features"] = {"rsi": {"windows": [14]}}
    templates.put(session.stack, parse_template(template))
    weekly = finish(session, begin.start(session.stack, "weekly", "weekly"))
    seen = json.loads(model_file(weekly, "hyperparameters.json"))
    assert (seen["time_freq"], seen["prediction_length"], seen["context_length"]) == ("W", "4", "12")
    assert set(seen) == set(HYPERPARAMETERS)
    assert all(isinstance(value, str) and value for value in seen.values())


def test_every_hyperparameter_reaches_the_algorithm(run: Run) -> None:
    assert set(OTHER_VALUES) == {name for name, item in HYPERPARAMETERS.items() if not item.from_template}
    assert all(DEFAULTS[name] != value for name, value in OTHER_VALUES.items())
    seen = json.loads(model_file(run("others", **OTHER_VALUES), "hyperparameters.json"))
    assert {name: seen[name] for name in OTHER_VALUES} == OTHER_VALUES


def test_another_price_in_the_bucket_changes_the_features(plain: Finished, run: Run, session: Session) -> None:
    s3, bucket, key = session.stack.s3, session.outputs.assets_bucket, asset_key("sp500")
    before = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    lines = before.decode().splitlines()
    date = lines[2000].split(",")[0]
    s3.put_object(Bucket=bucket, Key=key, Body="\n".join([*lines[:2000], f"{date},1234.5", *lines[2001:], ""]).encode())
    try:
        changed = run("changed-price")
    finally:
        s3.put_object(Bucket=bucket, Key=key, Body=before)
    assert changed.read(ExecutionLayout("changed-price").features_csv) != plain.read(ExecutionLayout("plain").features_csv)


def test_prices_changed_after_the_start_fail_the_step(session: Session) -> None:
    """The item froze what was there at the start; the step reads it or nothing."""
    s3, bucket, key = session.stack.s3, session.outputs.assets_bucket, asset_key("wti")
    before = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    start_pipeline = session.stack.sagemaker.start_pipeline_execution

    def replaced_meanwhile(**request: Any) -> Any:
        s3.put_object(Bucket=bucket, Key=key, Body=before + b"2030-01-01,50.0\n")
        return start_pipeline(**request)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(session.stack.sagemaker, "start_pipeline_execution", replaced_meanwhile)
        started = begin.start(session.stack, "demo", "swapped")
    try:
        ended = finish(session, started)
    finally:
        s3.put_object(Bucket=bucket, Key=key, Body=before)
    assert ended.item[ExecutionAttribute.STATUS] == FAILED
    assert "wti" in ended.item[ExecutionAttribute.FAILURE_REASON]
    assert not [name for name in ended.stored() if name.startswith("executions/swapped/train")]


def test_another_executor_in_the_bucket_changes_the_run(run: Run, session: Session) -> None:
    bucket, _, key = session.outputs.executor_uri.removeprefix("s3://").partition("/")
    before = session.stack.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    session.stack.s3.put_object(Bucket=bucket, Key=key, Body=b"import sys; sys.exit('another executor ran')")
    try:
        ended = run("other-executor")
    finally:
        session.stack.s3.put_object(Bucket=bucket, Key=key, Body=before)
    assert ended.item[ExecutionAttribute.STATUS] == FAILED
    assert "another executor ran" in logged(session)
    assert "Training" not in ended.item[ExecutionAttribute.STEPS]


def test_two_executions_at_once_share_no_key_and_are_both_right(plain: Finished, session: Session) -> None:
    before = versions(session)
    both = [begin.start(session.stack, "demo", name) for name in ("twin-a", "twin-b")]
    first, second = (finish(session, started) for started in both)
    assert (first.item[ExecutionAttribute.STATUS], second.item[ExecutionAttribute.STATUS]) == (SUCCEEDED, SUCCEEDED)
    written = versions(session) - before
    owners = {key.split("/")[1] for key, _ in written if key.startswith("executions/")}
    assert owners == {"twin-a", "twin-b"}
    assert all(key.startswith("executions/") for key, _ in written)
    for ended in (first, second):
        layout = ExecutionLayout(ended.execution_id)
        for name in ("train_json", "test_json", "features_csv"):
            assert ended.read(getattr(layout, name)) == plain.read(getattr(ExecutionLayout("plain"), name))


def test_a_model_that_is_worse_than_the_margin_allows_is_not_registered(session: Session, trainer: Path) -> None:
    before = trainer.read_text()
    trainer.write_text(f"{before}\n(ml / 'model' / 'weights').write_text('bad')\n")
    try:
        ended = finish(session, begin.start(session.stack, "demo", "refused"))
    finally:
        trainer.write_text(before)
    item = ended.item
    assert (item[ExecutionAttribute.STATUS], item[ExecutionAttribute.OUTCOME]) == (SUCCEEDED, NOT_REGISTERED)
    assert float(item[ExecutionAttribute.GATE_METRIC]) < float(item[ExecutionAttribute.GATE_THRESHOLD]) == -GATE_MARGIN
    assert item[ExecutionAttribute.GATE_BASELINE]
    assert ExecutionAttribute.MODEL_PACKAGE_ARN not in item
    assert "RegisterModel" not in item[ExecutionAttribute.STEPS]
