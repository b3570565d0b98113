"""Which target transform wins, on a validation split: windows that end where the demo's test windows begin.

``python -m bench.target_transforms`` runs the feature step and the local DeepAR for each transform and prints the mean weighted
quantile loss of the forecast **prices**, relative to the naive forecast's on the same windows. Below 1: better than naive.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[1]
TRANSFORMS = ("log_return", "log", "level")
#: A year before the demo's training end, and as many windows as end before it.
VALIDATION = {"endTraining": "2011-08-31", "testWindows": 18}


def validate(assets: Path, transform: str, folder: Path, epochs: int) -> tuple[float, float]:
    """Loss of the model's and of the naive forecast's price quantiles."""
    from contracts.template import parse_template, pipeline_parameters
    from fe_image.offline import run_features

    template = json.loads((REPOSITORY / "examples/templates/demo.json").read_text())
    template |= {**VALIDATION, "targetTransform": transform, "importance": None}
    del template["features"]["autoencoder"]
    (folder / "template.json").write_text(json.dumps(template))
    run_features(assets, folder / "template.json", folder / "out")
    hyperparameters = {**pipeline_parameters(parse_template(template)), "epochs": str(epochs)}
    return train_and_score(folder, hyperparameters)


def train_and_score(folder: Path, hyperparameters: dict[str, str]) -> tuple[float, float]:
    """Train on the step's channels as the container would, and forecast its test windows as prices."""
    from local_run.deepar.container import Container, run_training
    from local_run.deepar.data import read_channel
    from local_run.deepar.model import Model
    from local_run.forecast import ForecastInputs, forecast_report

    container = Container(folder / "ml")
    container.hyperparameters.parent.mkdir(parents=True)
    container.hyperparameters.write_text(json.dumps(hyperparameters))
    for channel in ("train", "test"):
        container.channel(channel).mkdir(parents=True)
        (folder / f"out/{channel}/{channel}.json").rename(container.channel(channel) / f"{channel}.json")
    if run_training(container.root):
        raise SystemExit(container.failure.read_text())
    target, baselines = (json.loads((folder / f"out/evaluation/{name}.json").read_text()) for name in ("target", "baselines"))
    inputs = ForecastInputs(read_channel(container.channel("test")), target, baselines, Model.load(container.model))
    windows = forecast_report("validation", inputs)["windows"]
    return price_loss(windows, "quantiles"), price_loss(windows, "naive_quantiles")


def price_loss(windows: Any, kind: str) -> float:
    """mean_wQuantileLoss of price quantiles over all windows."""
    from contracts.metrics import mean_weighted_quantile_loss

    actual = [price for window in windows for price in window["actual"]]
    levels = windows[0][kind]
    quantiles = {level: [price for window in windows for price in window[kind][level]] for level in levels}
    return float(mean_weighted_quantile_loss(actual, quantiles))


def main() -> None:
    sys.path.insert(0, str(REPOSITORY))
    from local_run.sample_data import write_samples
    from pipeline_def.author.hyperparameter_defaults import DEFAULTS

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=int(DEFAULTS["epochs"]))
    options = parser.parse_args()

    print(f"{'transform':<12}{'model':>10}{'naive':>10}{'ratio':>8}{'seconds':>10}")
    with tempfile.TemporaryDirectory() as name:
        write_samples(Path(name) / "assets")
        for transform in TRANSFORMS:
            folder = Path(name) / transform
            folder.mkdir()
            began = time.perf_counter()
            model, naive = validate(Path(name) / "assets", transform, folder, options.epochs)
            seconds = time.perf_counter() - began
            print(f"{transform:<12}{model:>10.5f}{naive:>10.5f}{model / naive:>8.3f}{seconds:>10.1f}", flush=True)


if __name__ == "__main__":
    main()
