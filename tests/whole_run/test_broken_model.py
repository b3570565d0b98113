"""A model that learned nothing, trained and served by the stand-in: the gate rejects it, and the execution says why."""

from __future__ import annotations

import math
import random
import re
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from contracts.layout import ExecutionLayout
from contracts.status import NOT_REGISTERED, SUCCEEDED
from contracts.tables import ExecutionAttribute
from contracts.template import parse_template
from local_run.emulator.options import Options
from local_run.session import Session, deployed_session
from runs import assets, begin, templates
from runs.price_files import read_price_files
from runs.views import summary_lines
from tests.whole_run.conftest import Finished, finish

pytestmark = pytest.mark.slow

#: Trains the stand-in on the same values in random order.
SHUFFLING_TRAINER = """
import json, pathlib, random, subprocess, sys
ml = pathlib.Path(sys.argv[1])
for path in (ml / "input/data/train").rglob("*.json"):
    series = [json.loads(line) for line in path.read_text().splitlines()]
    for one in series:
        random.Random(1).shuffle(one["target"])
    path.write_text("".join(json.dumps(one) + chr(10) for one in series))
sys.exit(subprocess.run([sys.executable, "-m", "local_run.deepar", "train", "--root", str(ml)]).returncode)
"""
TEMPLATE: dict[str, Any] = {
    "id": "sales",
    "baseAssets": ["north", "south"],
    "predictedAsset": "north",
    "startDataset": "1990-01-01",
    "endTraining": "2013-12-31",
    "frequency": "M",
    "predictionLength": 12,
    "contextLength": 24,
    "calibrationWindows": 2,
    "testWindows": 4,
    "targetTransform": "level",
    "quantity": "sales",
    "features": {"calendar": {}},
    "gateMargin": 0.05,
}


def monthly_sales(path: Path, seed: int) -> Path:
    """Thirty years with a strong yearly season."""
    dice = random.Random(seed)
    rows = [
        (date(1990 + month // 12, month % 12 + 1, 1), 1000 + 300 * math.sin(2 * math.pi * month / 12) + dice.gauss(0, 20))
        for month in range(12 * 30)
    ]
    path.write_text("Date,Close\n" + "".join(f"{day},{value:.2f}\n" for day, value in rows))
    return path


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    folder = tmp_path_factory.mktemp("broken")
    trainer = folder / "trainer.py"
    trainer.write_text(SHUFFLING_TRAINER)
    options = Options(training_commands={"forecasting-deepar": lambda ml: (sys.executable, str(trainer), str(ml))})
    with deployed_session("local", {}, options=options) as deployed:
        files = [monthly_sales(folder / f"{name}.csv", seed) for seed, name in enumerate(TEMPLATE["baseAssets"])]
        assets.put(deployed.stack, read_price_files(files))
        templates.put(deployed.stack, parse_template(TEMPLATE))
        yield deployed


@pytest.fixture(scope="module")
def broken(session: Session) -> Finished:
    return finish(session, begin.start(session.stack, "sales", "broken", {"epochs": "1"}))


def test_it_is_rejected_because_the_best_baseline_is_far_better(broken: Finished) -> None:
    item = broken.item
    assert (item[ExecutionAttribute.STATUS], item[ExecutionAttribute.OUTCOME]) == (SUCCEEDED, NOT_REGISTERED)
    assert item[ExecutionAttribute.GATE_BASELINE] in ("seasonal naive (month)", "ETS")
    assert float(item[ExecutionAttribute.GATE_METRIC]) < -1
    assert broken.read(ExecutionLayout("broken").gate_json)


def test_the_execution_says_why_by_how_much_and_what_to_do(broken: Finished) -> None:
    outcome, advice = (next(line for line in summary_lines(broken.item) if line.startswith(word)) for word in ("outc", "advi"))
    found = re.search(r"NotRegistered \(skill (-[0-9.]+)% against (.+); required: -5\.0%, ([0-9.]+)% short\)", outcome)
    assert found, outcome
    assert float(found[3]) == pytest.approx(-5 - float(found[1]), abs=0.11)
    assert "train longer (epochs)" in advice
    assert f"until then, {found[2]} forecasts better" in advice
    assert re.search(r"set gateMargin to [0-9.]+ or more in the template", advice)
