from __future__ import annotations

import functools
from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws
from xdist.scheduler import LoadFileScheduling, Scheduling

from contracts.outputs import StackOutputs
from contracts.tables import ASSET_METADATA, EXECUTION, EXECUTION_EVENT, PREDICTION, TRAINING_TEMPLATE
from local_run.deepar.compilation_cache import use_compilation_cache
from runs.stack import Stack
from runs.store import ExecutionStore
from tests.examples import register_profiles
from tests.fake_sagemaker import FakeSageMaker
from tests.tables import create_table

#: Compiling is most of what a short training takes. All workers, and trainings in other processes, share the user's cache.
use_compilation_cache()

register_profiles()

DAEMON_TESTS = "tests/docker/"
REGION = "eu-central-1"
PIPELINE_ARN = f"arn:aws:sagemaker:{REGION}:123456789012:pipeline/pipe"
OUTPUTS = StackOutputs(
    region=REGION,
    pipeline_name="pipe",
    pipeline_arn=PIPELINE_ARN,
    forecast_pipeline_name="pipe-forecast",
    forecast_pipeline_arn=f"{PIPELINE_ARN}-forecast",
    assets_bucket="assets",
    models_bucket="models",
    pipeline_bucket="pipeline",
    executor_uri="s3://pipeline/code/run-fe-step.py",
    evaluation_executor_uri="s3://pipeline/code/run-evaluation-step.py",
    prepare_executor_uri="s3://pipeline/code/run-prepare-step.py",
    publish_executor_uri="s3://pipeline/code/run-publish-step.py",
    asset_table=ASSET_METADATA.name,
    template_table=TRAINING_TEMPLATE.name,
    execution_table=EXECUTION.name,
    event_table=EXECUTION_EVENT.name,
    endpoint_table="endpoints",
    prediction_table=PREDICTION.name,
    model_package_group="group",
    repository_url="repository",
    image_uri="repository:tag",
    dead_letter_queue_url="queue",
    alarm_topic_arn=f"arn:aws:sns:{REGION}:123456789012:alarms",
)


class OneDaemonScheduling(LoadFileScheduling):
    """A file's tests in one process, and all that use the Docker daemon in one.

    Two builds of one image at once leave two of it, and the cache has the one that ended last.
    """

    def _split_scope(self, nodeid: str) -> str:
        return DAEMON_TESTS if nodeid.startswith(DAEMON_TESTS) else super()._split_scope(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Scheduling | None:
    return OneDaemonScheduling(config, log) if config.getvalue("dist") == "loadfile" else None


@functools.cache
def aws_session() -> boto3.Session:
    """One for all tests of a process: each new one reads the services' models again."""
    return boto3.Session("testing", "testing", region_name=REGION)


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    from local_run.emulator.moto_corrections import correct_moto  # its transactions lose what other threads write

    correct_moto()
    with mock_aws():
        deployed = Stack(OUTPUTS, aws_session(), sleep=lambda seconds: None)
        for table in (EXECUTION, EXECUTION_EVENT, TRAINING_TEMPLATE, ASSET_METADATA, PREDICTION):
            create_table(deployed.dynamodb.meta.client, table)
        deployed.s3.create_bucket(Bucket="assets", CreateBucketConfiguration={"LocationConstraint": REGION})
        deployed.s3.put_bucket_versioning(Bucket="assets", VersioningConfiguration={"Status": "Enabled"})
        yield deployed


@pytest.fixture
def store(stack: Stack) -> ExecutionStore:
    return ExecutionStore(stack.dynamodb, stack.outputs.execution_table, stack.outputs.event_table)


@pytest.fixture
def sagemaker(stack: Stack) -> FakeSageMaker:
    fake = FakeSageMaker(PIPELINE_ARN)
    stack.__dict__["sagemaker"] = fake
    return fake
