"""One training step of the DeepAR stand-in, batch preparation included, next to the same LSTM in PyTorch on the CPU.

``python -m bench.training_step`` trains on complete and on incomplete series in turn, with batches of 64 windows of 50 steps
and two layers of 40 cells, and prints the median milliseconds of a step. PyTorch is no dependency: ``--torch PYTHON`` names an
interpreter that has it. Its step gets a prepared batch and has no zoneout. ``--repository DIR`` measures another checkout.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

REPOSITORY = Path(__file__).parents[1]
BATCH, SERIES, LENGTH = 64, 20, 400
EPOCHS, SKIPPED = 12, 2
HYPERPARAMETERS = {
    "time_freq": "D",
    "context_length": "30",
    "prediction_length": "20",
    "epochs": str(EPOCHS),
    "mini_batch_size": str(BATCH),
    "num_cells": "40",
    "num_layers": "2",
    "likelihood": "student-T",
    "num_eval_samples": "10",
    "_batches_per_epoch": "40",
}
_RATE = re.compile(r"train throughput=(\S+) records/second")

#: The inputs of a step are six lags, the calendar's four features, the embedding's ten, and two logarithms.
_TORCH = """
import json, sys, time
import torch
torch.manual_seed(1)
steps, batch, inputs, cells = 50, 64, 22, 40
lstm, head = torch.nn.LSTM(inputs, cells, 2), torch.nn.Linear(cells, 3)
parameters = [*lstm.parameters(), *head.parameters()]
optimiser = torch.optim.Adam(parameters)
x, y = torch.randn(steps, batch, inputs), torch.randn(steps, batch)
def step():
    location, scale, freedom = head(lstm(x)[0]).unbind(-1)
    softplus = torch.nn.functional.softplus
    found = torch.distributions.StudentT(2 + softplus(freedom), location, softplus(scale) + 1e-6, validate_args=False)
    loss = -found.log_prob(y).mean()
    optimiser.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(parameters, 10.0)
    optimiser.step()
    return float(loss.detach())
times = []
for _ in range(120):
    began = time.perf_counter()
    step()
    times.append(time.perf_counter() - began)
rounds = [sum(times[first:first + 20]) / 20 for first in range(20, 120, 20)]
print(json.dumps([torch.__version__, *(1000 * each for each in rounds)]))
"""


def write_root(root: Path, incomplete: bool) -> None:
    """Write the container's channel and hyperparameters: a noisy week, without its Saturdays and Sundays if ``incomplete``."""
    random = np.random.default_rng(1)
    lines = []
    for index in range(SERIES):
        values = 10 + np.sin(np.arange(LENGTH) * 2 * np.pi / 7) + 0.3 * random.normal(size=LENGTH)
        target = [None if incomplete and day % 7 > 4 else value for day, value in enumerate(values.tolist())]
        lines.append(json.dumps({"start": "2020-01-06 00:00:00", "cat": [index], "target": target}))
    for folder, name, text in (
        ("input/data/train", "train.json", "\n".join(lines)),
        ("input/config", "hyperparameters.json", json.dumps(HYPERPARAMETERS)),
    ):
        (root / folder).mkdir(parents=True)
        (root / folder / name).write_text(text)


def step_times(repository: Path, incomplete: bool) -> list[float]:
    """Train in a process of its own. Returns the milliseconds of a step for each epoch after the first ones."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write_root(root, incomplete)
        command = [sys.executable, "-m", "local_run.deepar", "train", "--root", str(root)]
        log = subprocess.run(command, cwd=repository, check=True, stdout=subprocess.PIPE, text=True).stdout
    return [1000 * BATCH / float(rate) for rate in _RATE.findall(log)][SKIPPED:]


def torch_times(python: str) -> tuple[str, list[float]]:
    """Return PyTorch's version and the milliseconds of its step in five rounds.

    Raises:
        LookupError: the interpreter does not exist or has no PyTorch.
    """
    if shutil.which(python) is None:
        raise LookupError(f"{python} is not an interpreter")
    run = subprocess.run([python, "-c", _TORCH], capture_output=True, text=True, env=dict(os.environ))
    if run.returncode:
        raise LookupError(f"{python} cannot run PyTorch: {(run.stderr.strip() or 'no message').splitlines()[-1]}")
    version, *times = json.loads(run.stdout)
    return version, times


def shown(times: list[float]) -> str:
    return f"{statistics.median(times):6.1f} ms ({min(times):.1f} to {max(times):.1f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repository", type=Path, default=REPOSITORY, metavar="DIR")
    parser.add_argument("--torch", default=sys.executable, metavar="PYTHON")
    parser.add_argument("--rounds", type=int, default=1, help="trainings of each kind, in turn")
    given = parser.parse_args()
    complete, incomplete, yardstick, version = [], [], [], ""
    reason = ""
    for _ in range(given.rounds):
        complete += step_times(given.repository, False)
        incomplete += step_times(given.repository, True)
        try:
            version, found = torch_times(given.torch)
            yardstick += found
        except LookupError as error:
            reason = str(error)
    print(f"complete series        {shown(complete)}")
    ratio = statistics.median(incomplete) / statistics.median(complete)
    print(f"with missing values    {shown(incomplete)}, {ratio:.2f} times complete series")
    if yardstick:
        ratio = statistics.median(complete) / statistics.median(yardstick)
        print(f"PyTorch {version:14} {shown(yardstick)}; complete series take {ratio:.2f} times as long")
    else:
        print(f"PyTorch                skipped: {reason}")


if __name__ == "__main__":
    main()
