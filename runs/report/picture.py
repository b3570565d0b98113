"""The forecast as one picture (PNG): fan chart, losses by window, feature importance."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from contracts.display import printable
from contracts.forecasts import ForecastReport
from contracts.problems import one_problem
from runs.report.bundle import ReportBundle
from runs.report.fans import Fan, fans
from runs.report.figures import ACTUAL, GRID, MODEL, MUTED, NAIVE, band_pairs, middle_level
from runs.report.verdict import METRIC, Evaluation, WindowScore, evaluate

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH, HEIGHT, DPI = 13.0, 7.6, 120
_BARS = 10
#: Characters of the title that fit on one line.
_TITLE_CHARACTERS = 105


def draw_png(bundle: ReportBundle, evaluation: Evaluation | None = None) -> bytes:
    """Return a PNG of 1560 × 912 pixels. The same bundle gives the same bytes.

    Raises:
        ProblemsError: the execution has no forecasts.
    """
    buffer = io.BytesIO()
    draw_figure(bundle, evaluation).savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


def draw_figure(bundle: ReportBundle, evaluation: Evaluation | None = None) -> Figure:
    """Return the picture as matplotlib's figure. ``evaluation``: that of the bundle, if known already."""
    evaluated = evaluation or evaluate(bundle)
    report = bundle.forecasts
    if report is None or not report["windows"]:
        raise one_problem(
            "picture", "evaluation/forecasts.json", None, "a picture needs the forecasts of at least one test window"
        )
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, HEIGHT), dpi=DPI, facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.add_gridspec(2, 2, height_ratios=(2.1, 1), width_ratios=(1.25, 1))
    _fan(figure.add_subplot(grid[0, :]), report)
    important = (bundle.importance or {}).get("scores")
    _losses(figure.add_subplot(grid[1, 0] if important else grid[1, :]), report, evaluated.scores)
    if bundle.importance and important:
        _importance(figure.add_subplot(grid[1, 1]), bundle.importance)
    figure.suptitle(_title(report, evaluated), x=0.012, ha="left", fontsize=14, fontweight="bold", color=ACTUAL)
    return figure


def _title(report: ForecastReport, evaluation: Evaluation) -> str:
    lines = textwrap.wrap(printable(f"{report['asset']}: {evaluation.verdict.headline}"), _TITLE_CHARACTERS)
    return "\n".join(lines).replace("$", r"\$")


def _fan(axes: Any, report: ForecastReport) -> None:
    history = report["history"]
    times, prices = _traded(history["timestamps"], history["price"])
    for window in report["windows"]:
        more_times, more_prices = _traded(window["timestamps"], window["actual"])
        times, prices = times + more_times, prices + more_prices
    for number, drawn in enumerate(fans(report)):
        _window(axes, drawn, first=number == 0)
    axes.plot(times, prices, color=ACTUAL, linewidth=1.4, label="actual")
    axes.set_ylabel("price")
    axes.margins(x=0.01)
    axes.legend(loc="upper left", frameon=False, ncols=4)
    _plain(axes, f"Forecast windows and actual price, {times[0]:%Y-%m-%d} to {times[-1]:%Y-%m-%d}")


def _window(axes: Any, window: Fan, *, first: bool) -> None:
    """One window's bands; only those of the first window appear in the legend."""
    stamps = _times(window.timestamps)
    if window.origin:
        axes.axvline(stamps[0], color="#b8c4d0", linewidth=0.8, linestyle=":", zorder=0)
    for low, high in band_pairs(window.naive_quantiles)[:1]:
        for level in (low, high):
            label = f"naive {low}–{high}" if first and level == low else None
            axes.plot(stamps, window.naive_quantiles[level], color=NAIVE, linewidth=1, linestyle="--", label=label)
    for place, (low, high) in enumerate(band_pairs(window.quantiles)):
        label = f"model {low}–{high}" if first and place == 0 else None
        bounds = (window.quantiles[low], window.quantiles[high])
        axes.fill_between(stamps, *bounds, color=MODEL, alpha=0.16, linewidth=0, label=label)
    level = middle_level(window.quantiles)
    label = f"model {level}" if first else None
    axes.plot(stamps, window.quantiles[level], color=MODEL, linewidth=1.6, label=label)


def _losses(axes: Any, report: ForecastReport, scores: Sequence[WindowScore]) -> None:
    places = range(len(scores))
    naive, model = ([getattr(score, name) or 0 for score in scores] for name in ("naive_loss", "loss"))
    axes.bar([place - 0.2 for place in places], naive, width=0.4, color=NAIVE, label="naive")
    axes.bar([place + 0.2 for place in places], model, width=0.4, color=MODEL, label="model")
    step = max(1, len(scores) // 8)
    axes.set_xticks(list(places)[::step], [score.start for score in scores][::step], fontsize=8)
    axes.set_ylim(0, max([*naive, *model, 1e-12]) * 1.25)
    axes.legend(loc="upper right", frameon=False, ncols=2)
    losses = [f"{name} {metrics[METRIC]:.4f}" for name, metrics in _named_metrics(report) if METRIC in metrics]
    _plain(axes, f"Loss by test window; over all: {', '.join(losses)}")


def _named_metrics(report: ForecastReport) -> tuple[tuple[str, dict[str, float]], ...]:
    return (("model", report["metrics"]), ("naive", report["naive_metrics"]))


def _importance(axes: Any, importance: Mapping[str, Any]) -> None:
    ranked = sorted(importance["scores"].items(), key=lambda pair: -pair[1])[:_BARS][::-1]
    axes.barh([printable(name).replace("$", r"\$") for name, _ in ranked], [100 * score for _, score in ranked], color=MODEL)
    axes.tick_params(axis="y", labelsize=8)
    _plain(axes, _importance_title(importance))


def _importance_title(importance: Mapping[str, Any]) -> str:
    explained = importance.get("held_out_r2")
    doubt = f"\nmeans little: held-out R² {explained:.3f}" if explained is not None and explained <= 0 else ""
    return f"Feature importance: rise of the held-out error, %{doubt}"


def _plain(axes: Any, title: str) -> None:
    axes.set_title(title, loc="left", fontsize=10.5, color=MUTED)
    axes.grid(color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _times(stamps: Sequence[Any]) -> list[datetime]:
    return [datetime.fromisoformat(stamp) for stamp in stamps]


def _traded(stamps: Sequence[Any], prices: Sequence[Any]) -> tuple[list[datetime], list[float]]:
    seen = [(time, float(price)) for time, price in zip(_times(stamps), prices, strict=True) if price is not None]
    return [time for time, _ in seen], [price for _, price in seen]
