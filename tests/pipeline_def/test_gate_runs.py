"""The gate in whole local runs: a good model is registered, a spoilt one refused with its figures."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contracts import status
from contracts.tables import ExecutionAttribute, StepKey
from local_run.demo import store_samples
from local_run.emulator.options import Options, deepar_server
from local_run.session import Session, deployed_session
from runs import begin, views
from runs.store import execution_store
from tests.patience import PATIENCE_SECONDS

pytestmark = pytest.mark.slow
WAIT_SECONDS = PATIENCE_SECONDS

#: Serves the trained model as the stand-in does, with forecasts that are spoilt in one way. ``paths`` is what it sampled.
SPOILT_SERVER = """
import sys

import numpy as np

from local_run.deepar import inference
from local_run.deepar.cli import app

honest = inference.sample_paths

def spoilt(*arguments, **options):
    paths = honest(*arguments, **options)
    return {spoilt}

inference.sample_paths = spoilt
app(["serve", "--root", sys.argv[1], "--port", "0"])
"""
WAYS = {
    "wrecked-scale": "paths * 10.0",
    "inflated-variance": "np.median(paths) + 6.0 * (paths - np.median(paths))",
}


@pytest.fixture(scope="module")
def spoilers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("servers")
    written = {}
    for name, spoilt in WAYS.items():
        written[name] = folder / f"{name}.py"
        written[name].write_text(SPOILT_SERVER.replace("{spoilt}", spoilt))
    return written


@pytest.fixture(scope="module")
def chosen() -> dict[str, Path | None]:
    """The server that the next execution gets; None is the stand-in itself."""
    return {"server": None}


@pytest.fixture(scope="module")
def session(chosen: dict[str, Path | None]) -> Iterator[Session]:
    def command(root: Path) -> tuple[str, ...]:
        server = chosen["server"]
        return tuple(deepar_server(root)) if server is None else (sys.executable, str(server), str(root))

    with deployed_session("local", options=Options(serving_commands={"forecasting-deepar": command})) as deployed:
        store_samples(deployed.stack)
        yield deployed


def run(session: Session, execution_id: str, **overrides: str) -> dict[str, Any]:
    started = begin.start(session.stack, "demo", execution_id, overrides)
    assert session.sagemaker.wait(started.pipeline_execution_arn, WAIT_SECONDS)
    item = execution_store(session.stack).get(execution_id)
    assert item is not None
    assert item[ExecutionAttribute.STATUS] == status.SUCCEEDED, item.get(ExecutionAttribute.FAILURE_REASON)
    return item


def packages(session: Session) -> list[str]:
    listed = session.stack.sagemaker.list_model_packages(ModelPackageGroupName=session.outputs.model_package_group)
    return [entry["ModelPackageArn"] for entry in listed["ModelPackageSummaryList"]]


def test_a_good_model_is_registered(session: Session, chosen: dict[str, Path | None]) -> None:
    chosen["server"] = None
    item = run(session, "good")
    assert item[ExecutionAttribute.OUTCOME] == status.REGISTERED
    assert item[ExecutionAttribute.GATE_METRIC] >= item[ExecutionAttribute.GATE_THRESHOLD]
    assert item[ExecutionAttribute.MODEL_PACKAGE_ARN] in packages(session)


@pytest.mark.parametrize("way", sorted(WAYS))
def test_a_spoilt_model_is_refused_and_both_figures_say_why(
    way: str, session: Session, chosen: dict[str, Path | None], spoilers: dict[str, Path]
) -> None:
    chosen["server"] = spoilers[way]
    before = packages(session)
    item = run(session, way, epochs="1")
    assert item[ExecutionAttribute.OUTCOME] == status.NOT_REGISTERED
    skill, required = item[ExecutionAttribute.GATE_METRIC], item[ExecutionAttribute.GATE_THRESHOLD]
    assert skill < required < 0
    steps = {name: step[StepKey.STATUS] for name, step in item[ExecutionAttribute.STEPS].items()}
    assert steps == dict.fromkeys(set(status.STEPS) - {status.REGISTER_STEP}, status.SUCCEEDED)
    assert packages(session) == before
    said = "\n".join(views.summary_lines(item))
    assert f"{skill:+.1%} against {item[ExecutionAttribute.GATE_BASELINE]}" in said
    assert f"{required - skill:.1%} short" in said
    assert "set gateMargin to" in said
    assert status.NOT_REGISTERED in said
