"""The DeepAR stand-in on the demo's data: what it costs, and how its forecasts fare as it trains longer.

``python -m bench.deepar`` runs the feature step for a validation split (its test windows end where the demo's begin), then for
each number of epochs one training in a process of its own: wall time, processor time, peak memory, seconds an epoch, and the
test loss over the naive forecast's. Below 1: better than naive. The demo's own test windows are never looked at.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
#: A year before the demo's test windows, and as many windows as end before them.
VALIDATION = {"endTraining": "2011-08-31", "calibrationWindows": 4, "testWindows": 14}
LEVELS = tuple(tenth / 10 for tenth in range(1, 10))
_LOSS = re.compile(r"test mean_wQuantileLoss <loss>=(\S+)")
_RATE = re.compile(r"train throughput=(\S+) records/second")


@dataclass(frozen=True)
class Run:
    """One training: seconds, MiB, mini-batch records a second (best epoch), loss."""

    wall: float
    processor: float
    peak: float
    rate: float
    loss: float


def prepare(folder: Path) -> tuple[dict[str, str], float]:
    """Lay out the container's channels under ``folder``; the template's hyperparameters and the naive loss."""
    from contracts.template import parse_template, pipeline_parameters
    from fe_image.offline import run_features
    from local_run.sample_data import write_samples

    template = json.loads((REPOSITORY / "examples/templates/demo.json").read_text()) | VALIDATION | {"importance": None}
    (folder / "template.json").write_text(json.dumps(template))
    write_samples(folder / "assets")
    run_features(folder / "assets", folder / "template.json", folder / "out")
    for channel in ("train", "test"):
        (folder / f"input/data/{channel}").mkdir(parents=True)
        (folder / f"out/{channel}/{channel}.json").rename(folder / f"input/data/{channel}/{channel}.json")
    (folder / "input/config").mkdir()
    parsed = parse_template(template)
    hyperparameters = pipeline_parameters(parsed)
    asset = parsed.base_assets.index(parsed.predicted_asset)
    return hyperparameters, naive_loss(folder / "input/data", asset, int(hyperparameters["prediction_length"]))


def naive_loss(data: Path, asset: int, steps: int) -> float:
    """Return the loss of the training returns' own quantiles on the test channel, whose lines are the predicted asset's."""
    import numpy as np

    from contracts.metrics import level_name, mean_weighted_quantile_loss
    from local_run.deepar.data import read_channel

    train = read_channel(data / "train")[asset].target
    actual = np.concatenate([line.target[-steps:] for line in read_channel(data / "test")])
    quantiles = {level_name(level): [float(np.nanquantile(train, level))] * len(actual) for level in LEVELS}
    loss = mean_weighted_quantile_loss(actual.tolist(), quantiles)
    if loss is None:
        raise SystemExit("the test windows have no actual values")
    return loss


def train(root: Path, hyperparameters: dict[str, str]) -> Run:
    """Train as the runner does, in a process of its own."""
    (root / "input/config/hyperparameters.json").write_text(json.dumps(hyperparameters))
    command = [sys.executable, "-m", "local_run.deepar", "train", "--root", str(root)]
    started = time.monotonic()
    with (root / "log").open("w+") as log:
        process = subprocess.Popen(command, cwd=REPOSITORY, stdout=log)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.monotonic() - started
        log.seek(0)
        text = log.read()
    if process.returncode:
        raise SystemExit(text)
    loss = _LOSS.search(text)
    if loss is None:
        raise SystemExit("the training printed no test loss")
    rate = max(float(found) for found in _RATE.findall(text))
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, rate, float(loss[1]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, nargs="+", default=[5, 10, 20, 40])
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a further hyperparameter")
    given = parser.parse_args()
    more = dict(text.split("=", 1) for text in given.set)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        base, naive = prepare(root)
        print(f"naive mean_wQuantileLoss on {VALIDATION['testWindows']} validation windows: {naive:.4f}")
        print(f"{'epochs':>6} {'wall s':>7} {'cpu s':>7} {'peak MiB':>9} {'records/s':>10} {'loss':>7} {'/ naive':>8}")
        for epochs in given.epochs:
            run = train(root, {**base, **more, "epochs": str(epochs)})
            cost = f"{run.wall:7.1f} {run.processor:7.1f} {run.peak:9.0f} {run.rate:10.0f}"
            print(f"{epochs:>6} {cost} {run.loss:7.4f} {run.loss / naive:8.3f}", flush=True)


if __name__ == "__main__":
    main()
