"""Panels of scores: error by forecast, horizon and asset, calibration, and importance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from runs.report.bundle import ReportBundle
from runs.report.panel import Bars, Dots, Line, Panel
from runs.report.verdict import tested

LOSS = "mean_wQuantileLoss"
LOSS_TITLE = "loss, % of the mean size"
_FEATURES = 20
_ASSETS = 30
#: Distance between the points of one band in the calibration plot, in percentage points.
_APART = 1.2


def score_panels(bundle: ReportBundle) -> list[Panel]:
    """Return the panels that the execution has data for."""
    scores, importance, panels = bundle.files.scores, bundle.files.importance, list[Panel]()
    if scores:
        panels += [horizon_panel(scores)] if len(scores["horizons"]) > 1 else []
        panels += [asset_panel(scores)] if scores["assets"] else []
        panels += [calibration_panel(scores)]
        panels += [forecasters_panel(scores)]
    if importance and importance.get("scores"):
        panels.append(importance_panel(importance))
    return panels


def forecasters_panel(scores: Mapping[str, Any]) -> Panel:
    """Return the loss of every forecast, the lowest on top."""
    losses = {name: tested(scores, name)[LOSS] for name in scores["forecasters"]}
    ranked = sorted((name for name in losses if losses[name] is not None), key=lambda name: -losses[name])
    best = scores["skill"]["baseline"]
    roles = ["model" if name.startswith("model") else "baseline" if name == best else "other" for name in ranked]
    return Panel(
        key="forecasters",
        title="Loss of every forecast",
        note="Test windows; lower is better. The best baseline was chosen on earlier windows, so another may be lower here.",
        layers=[
            Bars("loss", "model", [_label(name, best) for name in ranked], _percent([losses[name] for name in ranked]), roles)
        ],
        x_title=LOSS_TITLE,
        suffix=" %",
        horizontal=True,
        from_zero=True,
    )


def _label(name: str, best: str) -> str:
    return f"best baseline: {name}" if name == best else name


def horizon_panel(scores: Mapping[str, Any]) -> Panel:
    """Return the loss by step ahead."""
    steps = [float(one["step"]) for one in scores["horizons"]]
    lines = [
        Line(name, role, steps, _percent([one[key][LOSS] for one in scores["horizons"]]), 2, dash)
        for key, name, role, dash in _rivals(scores)
    ]
    note = "How the loss grows with the distance from the last known value. Lower is better."
    return Panel("horizon", "Error by horizon", note, lines, "steps ahead", LOSS_TITLE, " %", from_zero=True)


def asset_panel(scores: Mapping[str, Any]) -> Panel:
    """Return the loss by asset, of the model and of the baseline that is best for all assets."""
    assets = list(scores["assets"])[:_ASSETS]
    more = len(scores["assets"]) - len(assets)
    bars = [
        Bars(name, role, assets[::-1], _percent([scores["assets"][asset][key][LOSS] for asset in assets[::-1]]))
        for key, name, role in (
            ("baseline", f"best baseline for all assets: {_of_all(scores)}", "baseline"),
            ("model", "model", "model"),
        )
    ]
    note = "The test windows of every asset that the model is trained on." + (
        f" {more} more assets are not drawn." if more else ""
    )
    return Panel("assets", "Error by asset", note, bars, LOSS_TITLE, "", " %", horizontal=True, from_zero=True)


def _of_all(scores: Mapping[str, Any]) -> str:
    found = scores.get("skillOfAllAssets")
    return str(found.get("baseline", "")) if isinstance(found, Mapping) else ""


def calibration_panel(scores: Mapping[str, Any]) -> Panel:
    """Return, for each band, the share of actual values that it should contain and the share that it does contain."""
    best = scores["skill"]["baseline"]
    rows = [
        (f"model, {scores['asset']}", "model", "circle", tested(scores, "model")),
        ("model, all assets", "other", "square", tested(scores, "model", "all")),
        (f"best baseline: {best}", "baseline", "diamond", tested(scores, best)),
    ]
    dots = [_dots(name, role, symbol, found, _APART * (place - 1)) for place, (name, role, symbol, found) in enumerate(rows)]
    line = Line("as stated", "muted", [40, 100], [40, 100], 1.2, "dot")
    note = (
        "A band should contain the share of actual values that it states: points on the dotted line. The vertical bars are "
        "95 % intervals; a bar that reaches the line leaves no reason to doubt the band."
    )
    return Panel("calibration", "Calibration", note, [line, *dots], "stated, %", "observed", " %")


def _dots(name: str, role: str, symbol: str, found: Mapping[str, Any], shift: float) -> Dots:
    known = [(100 * float(band), one) for band, one in found["coverage"].items() if one["share"] is not None]
    intervals = [None if one.get("interval") is None else [100 * edge for edge in one["interval"]] for _, one in known]
    return Dots(
        name, role, [nominal + shift for nominal, _ in known], [100 * one["share"] for _, one in known], intervals, symbol
    )


def importance_panel(importance: Mapping[str, Any]) -> Panel:
    """Return the inputs with the highest importance, the highest on top."""
    ranked = sorted(importance["scores"].items(), key=lambda pair: -pair[1])[:_FEATURES][::-1]
    note = str(importance.get("method") or "How much the error rises when an input is shuffled")
    note = f"{note[:1].upper()}{note[1:]}."
    explained = importance.get("held_out_r2")
    if explained is not None:
        note += f" R² of that forecast on held-out data: {float(explained):.3f}"
        note += "; the forecast explains nothing, so the ranking means little." if explained <= 0 else "."
    doubt = f" (means little: R² {float(explained):.3f})" if explained is not None and explained <= 0 else ""
    roles = ["model" if score > 0 else "other" for _, score in ranked]
    bars = Bars("importance", "model", [name for name, _ in ranked], [100 * score for _, score in ranked], roles)
    return Panel(
        "importance", f"Importance of the inputs{doubt}", note, [bars], "increase of the error", "", " %", horizontal=True
    )


def _rivals(scores: Mapping[str, Any]) -> tuple[tuple[str, str, str, str], ...]:
    """Key, name, colour and dash of the model and of the best baseline."""
    return (
        ("baseline", f"best baseline: {scores['skill']['baseline']}", "baseline", "dash"),
        ("model", "model", "model", "solid"),
    )


def _percent(values: Sequence[float | None]) -> list[float | None]:
    return [None if value is None else 100 * value for value in values]
