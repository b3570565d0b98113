"""Which target transform wins, on a validation split: windows that end where the demo's test windows begin.

``python -m bench.target_transforms`` deploys the program onto the emulator and runs the deployed pipeline for each transform
and seed. It prints the mean weighted quantile loss of prices of the model and of the best baseline on the same windows, their
ratio (below 1: better than the best baseline), and the share of all assets' prices in the 80 % band.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from local_run.session import Session

REPOSITORY = Path(__file__).parents[1]
TRANSFORMS = ("log_return", "log", "level")
#: A year before the demo's test windows, and as many windows as end before them.
VALIDATION = {"endTraining": "2011-08-31", "calibrationWindows": 4, "testWindows": 14, "importance": None}
WAIT_SECONDS = 1800


def scores_of(session: Session, transform: str, overrides: dict[str, str]) -> dict[str, Any]:
    """Run the pipeline with a transform and return its ``scores.json``."""
    from contracts.layout import ExecutionLayout
    from contracts.template import parse_template
    from local_run.demo import TEMPLATE
    from runs import begin, templates

    name = f"validate-{transform.replace('_', '-')}"
    template = json.loads(TEMPLATE.read_text()) | VALIDATION | {"id": name, "targetTransform": transform}
    templates.put(session.stack, parse_template(template))
    started = begin.start(session.stack, name, name, overrides)
    if not session.sagemaker.wait(started.pipeline_execution_arn, WAIT_SECONDS):
        raise SystemExit(f"{name} did not end within {WAIT_SECONDS} s")
    key = ExecutionLayout(name).scores
    body = session.stack.s3.get_object(Bucket=session.outputs.models_bucket, Key=key)["Body"]
    scores: dict[str, Any] = json.loads(body.read())
    return scores


def price_loss(scores: dict[str, Any], forecaster: str) -> float:
    """Return a forecaster's mean weighted quantile loss of the predicted asset's prices on the test windows."""
    return float(scores["forecasters"][forecaster]["price"]["test"]["predicted"]["mean_wQuantileLoss"])


def main() -> None:
    sys.path.insert(0, str(REPOSITORY))
    from local_run.demo import store_samples
    from local_run.emulator.options import Options
    from local_run.session import deployed_session

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, help="of each training; by default the pipeline's own")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3], help="of the trainings")
    parser.add_argument("--transforms", nargs="+", choices=TRANSFORMS, default=list(TRANSFORMS))
    options = parser.parse_args()
    overrides = {} if options.epochs is None else {"epochs": str(options.epochs)}
    print(
        f"{'transform':<12}{'seed':>6}{'model':>10}{'baseline':>10}{'ratio':>8}{'80 % band':>11}{'seconds':>10}  best baseline"
    )
    for seed in options.seeds:
        with deployed_session("local", options=Options.seeded(seed)) as session:
            store_samples(session.stack)
            for transform in options.transforms:
                began = time.perf_counter()
                scores = scores_of(session, transform, overrides)
                seconds, best = time.perf_counter() - began, str(scores["bestBaseline"])
                model, baseline = price_loss(scores, "model"), price_loss(scores, best)
                share = scores["forecasters"]["model"]["price"]["test"]["all"]["coverage"]["0.8"]["share"]
                figures = f"{model:>10.5f}{baseline:>10.5f}{model / baseline:>8.3f}{share:>11.0%}{seconds:>10.1f}  {best}"
                print(f"{transform:<12}{seed:>6}{figures}", flush=True)


if __name__ == "__main__":
    main()
