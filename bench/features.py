"""Measures the feature step: as a process, its parts compared with libraries, and its growth with the number of assets.

``python -m bench.features`` prints ratios that were measured in one run. The reference work is six assets, 3,257 common daily
rows, Bollinger, RSI and SMA, ARIMA(5,1,0), four low-pass features, importance, an autoencoder, and all files.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from bench.executor import executor_bench
from bench.measured import Usage, measured, median
from bench.reference_work import REFERENCE
from fe_image.container.library_environment import prepare

REPOSITORY = Path(__file__).parents[1]
TARGET_SECONDS, TARGET_MB = 2.1, 300
_STEP = "import sys, pathlib, fe_image.offline as step; step.run_features(*map(pathlib.Path, sys.argv[1:]))"
_ENVIRONMENT: dict[str, str] = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
prepare(_ENVIRONMENT)  # as the executor does for itself


def whole_step(assets: Path, template: dict[str, Any], folder: Path) -> Usage:
    """The step on a folder, as a process of its own."""
    path = folder / "template.json"
    path.write_text(json.dumps(template))
    return measured([sys.executable, "-c", _STEP, str(assets), str(path), str(folder / "out")], _ENVIRONMENT)


def reference(assets: Path, folder: Path, repeats: int) -> None:
    _print_usage("whole step on a folder", [whole_step(assets, REFERENCE, folder) for _ in range(repeats)])
    with executor_bench(assets, REFERENCE, folder / "container") as bench:
        _print_usage("executor, with snapshot, log sync and table", [bench.run() for _ in range(repeats)])
    empty, imports, lean = (
        min(measured([sys.executable, "-c", code], _ENVIRONMENT).seconds for _ in range(3))
        for code in ("pass", "import fe_image.offline, talib, xgboost", _LEAN_IMPORTS)
    )
    print(f"  Python itself {empty:.2f} s; imports {lean:.2f} s, with what those drag in {imports:.2f} s")


def _print_usage(what: str, runs: list[Usage]) -> None:
    seconds, processor, megabytes = median(runs)
    print(f"{what}, median of {len(runs)}: {seconds:.2f} s ({processor:.2f} s of processor), {megabytes:.0f} MB")
    print(f"  {seconds / TARGET_SECONDS:.2f} of the goal of {TARGET_SECONDS} s, {megabytes / TARGET_MB:.2f} of {TARGET_MB} MB")


_LEAN_IMPORTS = (
    "import fe_image.offline; from fe_image.container.light_import import import_without as without; "
    "without('talib', ['pandas']); without('xgboost', ['pandas', 'sklearn', 'xgboost.plotting'])"
)


def parts() -> None:
    """Compare each part with a library that gives the same result, in this process and run."""
    from bench import feature_parts

    print(f"{'part':<44}{'ours':>10}{'yardstick':>12}{'ratio':>8}")
    for name, ours, yardstick in feature_parts.comparisons():
        mine, theirs = _seconds(ours), _seconds(yardstick)
        print(f"{name:<44}{mine * 1000:>8.1f}ms{theirs * 1000:>10.1f}ms{theirs / mine:>7.1f}x")


def _seconds(work: Callable[[], object]) -> float:
    times = []
    for _ in range(3):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return min(times)


def growth(folder: Path, counts: list[int], rows: int) -> None:
    """Time and peak memory by number of assets; the processor's seconds do not depend on what else the machine does."""
    print(f"{'assets':>8}{'rows':>8}{'seconds':>10}{'processor s':>13}{'per asset':>11}{'peak MB':>9}{'train.json MB':>15}")
    for count in counts:
        names = write_walks(folder / f"assets-{count}", count, rows)
        template = {**REFERENCE, "baseAssets": names, "predictedAsset": names[0], "startDataset": "1990-01-01"}
        template |= {"endTraining": _training_end(rows), "contextLength": 40}
        seconds, busy, megabytes = whole_step(folder / f"assets-{count}", template, folder)
        size = (folder / "out/train/train.json").stat().st_size / 1e6
        row = f"{count:>8}{rows:>8}{seconds:>10.1f}{busy:>13.1f}{busy / count:>11.3f}{megabytes:>9.0f}{size:>15.0f}"
        print(row, flush=True)


def write_walks(folder: Path, count: int, rows: int) -> list[str]:
    """Return random walks on weekdays, which are used only to measure growth."""
    folder.mkdir(parents=True, exist_ok=True)
    dates = np.datetime_as_string(_weekdays(rows)).tolist()
    random = np.random.default_rng(1)
    names = [f"A{number:04d}" for number in range(count)]
    for name in names:
        close = 100 * np.exp(np.cumsum(random.normal(0, 0.01, rows)))
        lines = (f"{date},{price!r}" for date, price in zip(dates, close.tolist(), strict=True))
        (folder / f"{name}.csv").write_text("\n".join(["Date,Close", *lines]) + "\n")
    return names


def _weekdays(rows: int) -> np.ndarray:
    days = np.arange(np.datetime64("1990-01-01"), np.datetime64("1990-01-01") + 2 * rows)
    return days[np.is_busday(days)][:rows]


def _training_end(rows: int) -> str:
    return str(_weekdays(rows)[-1] - 200)


def main() -> None:
    """Reference work, parts, and on demand the growth."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5, help="runs of the reference work")
    parser.add_argument("--growth", type=int, nargs="*", default=[], metavar="ASSETS", help="such as 10 50 100 500")
    parser.add_argument("--rows", type=int, default=5000, help="rows of each asset for the growth")
    options = parser.parse_args()
    sys.path.insert(0, str(REPOSITORY))
    from local_run.sample_data import write_samples

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_samples(folder / "samples")
        reference(folder / "samples", folder, options.repeats)
        parts()
        if options.growth:
            growth(folder, options.growth, options.rows)
    print(f"peak of the benchmark itself: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")


if __name__ == "__main__":
    main()
