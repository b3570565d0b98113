"""The program deployed once for this folder, with a trainer that only notes what it was given; whole runs are marked slow."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from contracts.template import parse_template
from local_run.demo import TEMPLATE, store_samples
from local_run.emulator.options import Options
from local_run.session import Session, deployed_session
from runs import begin, templates
from runs.pipeline_start import Started
from runs.store import execution_store
from tests.patience import PATIENCE_SECONDS
from tests.sampling_server import SAMPLING_SERVER

WAIT_SECONDS = PATIENCE_SECONDS
#: The samples of the test's model server are noise, which no baseline beats by more than this.
GATE_MARGIN = 2.0
NOTING_TRAINER = """
import pathlib, shutil, sys
ml = pathlib.Path(sys.argv[1])
(ml / "model").mkdir(exist_ok=True)
shutil.copy(ml / "input/config/hyperparameters.json", ml / "model/hyperparameters.json")
for channel in ("train", "test"):
    for path in (ml / "input/data" / channel).rglob("*.json"):
        shutil.copy(path, ml / "model" / f"{channel}-{path.name}")
print("#quality_metric: host=algo-1, test mean_wQuantileLoss <loss>=0.5", flush=True)
"""


@dataclass(frozen=True)
class Finished:
    """An execution that has ended, with its item and what it wrote."""

    session: Session
    execution_id: str
    item: dict[str, Any]

    def read(self, key: str) -> bytes:
        body: bytes = self.session.stack.s3.get_object(Bucket=self.session.outputs.models_bucket, Key=key)["Body"].read()
        return body

    def stored(self) -> list[str]:
        pages = self.session.stack.s3.get_paginator("list_objects_v2").paginate(
            Bucket=self.session.outputs.models_bucket, Prefix=f"executions/{self.execution_id}/"
        )
        return [entry["Key"] for page in pages for entry in page.get("Contents", [])]


def finish(session: Session, started: Started) -> Finished:
    assert session.sagemaker.wait(started.pipeline_execution_arn, WAIT_SECONDS)
    item = execution_store(session.stack).get(started.execution_id)
    assert item is not None
    return Finished(session, started.execution_id, item)


@pytest.fixture(scope="module")
def trainer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("trainer") / "trainer.py"
    path.write_text(NOTING_TRAINER)
    return path


@pytest.fixture(scope="module")
def session(trainer: Path) -> Iterator[Session]:
    server = trainer.with_name("server.py")
    server.write_text(SAMPLING_SERVER)
    options = Options(
        training_commands={"forecasting-deepar": lambda ml: (sys.executable, str(trainer), str(ml))},
        serving_commands={"forecasting-deepar": lambda root: (sys.executable, str(server), str(root))},
    )
    overrides = {"model-training:logSyncSeconds": 1}
    with deployed_session("local", overrides, options=options) as deployed:
        store_samples(deployed.stack)
        tolerant = json.loads(TEMPLATE.read_text()) | {"gateMargin": GATE_MARGIN}
        templates.put(deployed.stack, parse_template(tolerant), replace=True)
        yield deployed


@pytest.fixture
def run(session: Session) -> Callable[..., Finished]:
    """Start an execution of the demo template and wait for its end."""

    def start(execution_id: str | None = None, **overrides: str) -> Finished:
        return finish(session, begin.start(session.stack, "demo", execution_id, overrides))

    return start
