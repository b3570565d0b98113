"""Whole executions with ``--docker``: the image is built from the deployed resource's inputs, and the step runs in it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.layout import ExecutionLayout
from contracts.status import FAILED, SUCCEEDED
from contracts.tables import ExecutionAttribute
from local_run.demo import store_samples
from local_run.docker_image import docker_options
from local_run.emulator.options import Options
from local_run.session import PROJECT, Session, deployed_session
from runs import begin
from tests.docker.conftest import on_this_machine
from tests.docker.daemon import Docker
from tests.sampling_server import SAMPLING_SERVER
from tests.whole_run.conftest import NOTING_TRAINER, Finished, finish

pytestmark = [pytest.mark.docker, pytest.mark.slow, on_this_machine]

ID = "same"
FAILING_EXECUTOR = b"""
import pathlib, pwd, sys
user = pwd.getpwnam("step").pw_uid
pathlib.Path("/opt/ml/output/message").write_text(f"written in the container, which has a user {user}")
sys.exit(3)
"""


def outputs_of(ended: Finished) -> dict[str, bytes]:
    """What the step wrote: everything but its log and the model."""
    prefix = ExecutionLayout(ended.execution_id).prefix
    names = [key for key in ended.stored() if not key.startswith((f"{prefix}/logs/", f"{prefix}/model/"))]
    return {key: ended.read(key) for key in names}


def options(folder: Path) -> Options:
    trainer = folder / "trainer.py"
    trainer.write_text(NOTING_TRAINER)
    server = folder / "server.py"
    server.write_text(SAMPLING_SERVER)
    return Options(
        training_commands={"forecasting-deepar": lambda ml: (sys.executable, str(trainer), str(ml))},
        serving_commands={"forecasting-deepar": lambda root: (sys.executable, str(server), str(root))},
    )


def run(session: Session) -> Finished:
    store_samples(session.stack)
    ended = finish(session, begin.start(session.stack, "demo", ID))
    assert ended.item[ExecutionAttribute.STATUS] == SUCCEEDED, ended.item
    return ended


@pytest.fixture(scope="module")
def contained(base_image: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    backend, builder = docker_options(PROJECT)
    chosen, overrides = options(tmp_path_factory.mktemp("contained")), {"model-training:baseImage": base_image}
    with deployed_session("local", overrides, options=chosen, backend=backend, image_builder=builder) as session:
        yield session


def test_the_image_and_the_process_give_the_same_execution(
    docker: Docker, base_image: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    with deployed_session("local", {"model-training:baseImage": base_image}, options=options(tmp_path)) as session:
        expected = outputs_of(run(session))
    contained: Session = request.getfixturevalue("contained")
    ended = run(contained)
    assert docker.has(contained.outputs.image_uri)
    found = outputs_of(ended)
    assert {f"{ExecutionLayout(ID).prefix}/{name}" for name in ("manifest.json", "features/features.csv")} <= found.keys()
    assert found.keys() == expected.keys()
    assert [key for key in expected if found[key] != expected[key]] == []


def test_the_containers_message_is_the_executions_reason(contained: Session) -> None:
    bucket, _, key = contained.outputs.executor_uri.removeprefix("s3://").partition("/")
    contained.stack.s3.put_object(Bucket=bucket, Key=key, Body=FAILING_EXECUTOR)
    ended = finish(contained, begin.start(contained.stack, "demo", "failing"))
    assert ended.item[ExecutionAttribute.STATUS] == FAILED
    assert "written in the container, which has a user 1000" in ended.item[ExecutionAttribute.FAILURE_REASON]
    assert "exit code: 3" in ended.item[ExecutionAttribute.FAILURE_REASON]
