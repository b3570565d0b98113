"""The page's sections of results: header, verdict, coming forecast, tables of scores, and the quality of the data."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from contracts.status import FAILED, NOT_REGISTERED, REGISTERED, STOPPED, SUCCEEDED
from contracts.tables import ExecutionAttribute
from runs.report.bundle import ReportBundle
from runs.report.coming import ComingForecast
from runs.report.fans import middle_level, outer_band
from runs.report.html import Cell, clock, figure_cell, prose, section, table, text, words
from runs.report.score_panels import LOSS
from runs.report.verdict import BAND, Verdict, tested
from runs.report.wording import amount, band_name, between, number, share

TONES = {SUCCEEDED: "good", FAILED: "bad", STOPPED: "bad", REGISTERED: "good", NOT_REGISTERED: "bad"}
_TRANSFORMS = {
    "level": "the values themselves",
    "log": "logarithms",
    "log1p": "logarithms of 1 + value",
    "log_return": "log returns",
}


def header(bundle: ReportBundle) -> str:
    """Return the title, the execution's id and its badges."""
    title = f"Forecast of {text(bundle.asset)}" if bundle.asset else "Model training"
    badges = [_badge(bundle.item.get(name)) for name in (ExecutionAttribute.STATUS, ExecutionAttribute.OUTCOME)]
    if bundle.files.forecasts:
        transform = bundle.files.forecasts["transform"]
        badges.append(_badge(f"learned from {_TRANSFORMS.get(transform, transform)}"))
        badges.append(_badge(f"frequency {bundle.files.forecasts['frequency']}"))
    created = bundle.item.get(ExecutionAttribute.CREATED_AT, "")
    template = bundle.item.get(ExecutionAttribute.TEMPLATE_ID)
    of = f" of template <code>{text(template)}</code>" if template else ""
    when = f", created {prose(clock(created))}" if created else ""
    origin = f"<p>Execution <code>{text(bundle.execution_id)}</code>{of}{when}</p>"
    return f'<header><h1>{title}</h1>{origin}<div class="badges">{"".join(badges)}</div></header>'


def _badge(value: object) -> str:
    return f'<span class="badge {TONES.get(str(value), "")}">{text(value)}</span>' if value else ""


def verdict_section(verdict: Verdict, bundle: ReportBundle) -> str:
    """Return the verdict with its figures."""
    sentences = "".join(f"<p>{prose(sentence)}</p>" for sentence in verdict.sentences)
    tiles = "".join(f'<div class="tile"><b>{text(value)}</b><span>{text(name)}</span></div>' for name, value in _tiles(bundle))
    tiles = f'<div class="tiles">{tiles}</div>' if tiles else ""
    return f'<section class="verdict {verdict.tone}"><h2>{text(verdict.headline)}</h2>{sentences}{tiles}</section>'


def _tiles(bundle: ReportBundle) -> Iterable[tuple[str, str]]:
    scores = bundle.files.scores
    if scores is None:
        return
    skill, model = scores["skill"], tested(scores, "model")
    best = tested(scores, skill["baseline"])
    yield f"skill against {skill['baseline']}", share(skill["skill"], signed=True)
    if skill["interval"] is not None:
        yield "95 % interval of the skill", between(skill["interval"], signed=True)
    yield "windows that the model wins", share(skill["winRate"], 0)
    yield "mean error, model / best baseline", f"{amount(model['MAE'])} / {amount(best['MAE'], bundle.unit)}"
    yield "mean error in per cent, model / best baseline", f"{share(model['MAPE'])} / {share(best['MAPE'])}"
    if (covered := model["coverage"].get(BAND, {}).get("share")) is not None:
        yield f"actual values in the {band_name(BAND)}", share(covered, 0)


def coming_table(coming: ComingForecast) -> str:
    """Return the coming forecast as a table of dates and prices, with its CSV as a link."""
    outer, middle, last = outer_band(coming.quantiles), middle_level(coming.quantiles), coming.last_price
    unit = f", {coming.unit}" if coming.unit else ""
    heads = ["date", f"median{unit}"] + ([f"{band_name(outer[0])}, from", "to"] if outer else []) + (["change"] if last else [])
    rows = []
    for place, time in enumerate(coming.times):
        expected = coming.quantiles[middle][place]
        cells = [words(_day(time)), figure_cell(amount(expected))]
        if outer:
            cells += [figure_cell(amount(coming.quantiles[level][place])) for level in outer[1:]]
        if last:
            cells.append(figure_cell(share(expected / last - 1, signed=True)))
        rows.append(("", cells))
    shown = table(heads, rows, kept=True)
    facts = "; ".join(f"{name.replace('_', ' ')} {value}" for name, value in coming.facts.items())
    return f'{_csv_link(coming)}{shown}<p class="note">{prose(facts)}</p>'


def _csv_link(coming: ComingForecast) -> str:
    packed = base64.b64encode(coming.csv_text().encode()).decode()
    name = f"forecast-{coming.asset}-{coming.times[0][:10]}.csv"
    target = f"data:text/csv;charset=utf-8;base64,{packed}"
    return (
        f'<p><a class="button" download="{text(name)}" href="{target}">Download the forecast as CSV, with all quantiles</a></p>'
    )


def _day(time: str) -> str:
    """A time without its clock if that says nothing."""
    return time.replace("T", " ").removesuffix(" 00:00:00")


def forecasters_section(bundle: ReportBundle, scores: Mapping[str, Any], chart: str) -> str:
    """Return the scores of the model and of all baselines, the lowest loss first."""
    best = scores["skill"]["baseline"]
    found = {name: tested(scores, name) for name in scores["forecasters"]}
    reference = found[best][LOSS]
    heads = ("forecast", "loss", "loss / best baseline's", "MAE", "MAPE", "RMSE", "MASE", f"in the {band_name(BAND)}")
    rows = [
        (
            "changed" if name == "model" else "",
            [Cell(_named(name, best, bundle)), *_score_cells(found[name], reference, bundle.unit)],
        )
        for name in sorted(found, key=lambda name: (found[name][LOSS] is None, found[name][LOSS]))
    ]
    note = (
        f"Test windows of {scores['asset']}, on the {bundle.quantity}; lower is better. Loss: mean weighted quantile "
        "loss, in per cent of the mean size of the values. MAE and RMSE: error of the median in the values' unit. MASE: MAE "
        "divided by that of the seasonal naive forecast in training."
    )
    return section("Model and baselines", note, chart + table(heads, rows))


def _score_cells(found: Mapping[str, Any], reference: float | None, unit: str) -> list[Cell]:
    loss = found[LOSS]
    ratio = loss / reference if loss is not None and reference else None
    covered = found["coverage"].get(BAND, {})
    inside = share(covered.get("share"), 0)
    if covered.get("interval") is not None:
        inside += f" ({between(covered['interval'])})"
    return [
        figure_cell(share(loss, 2)),
        figure_cell(number(ratio), "" if ratio is None or ratio == 1 else "good" if ratio < 1 else "bad"),
        figure_cell(amount(found["MAE"], unit)),
        figure_cell(share(found["MAPE"], 2)),
        figure_cell(amount(found["RMSE"], unit)),
        figure_cell(number(found["MASE"])),
        figure_cell(inside),
    ]


def _named(name: str, best: str, bundle: ReportBundle) -> str:
    """A forecast's name, and what it does."""
    known = {one["name"]: one["description"] for one in (bundle.files.baselines or {}).get("baselines", [])}
    mark = ' <span class="badge">best baseline</span>' if name == best else ""
    described = f'<div class="reason">{text(known[name])}</div>' if known.get(name) else ""
    return f"{text(name)}{mark}{described}"


def windows_section(scores: Mapping[str, Any], unit: str) -> str:
    """Return the scores by test window."""
    heads = (
        "window",
        "from",
        "to",
        "loss, model",
        "loss, best baseline",
        "difference",
        "MAE, model",
        f"in the {band_name(BAND)}",
    )
    tests = [window for window in scores["windows"] if window["kind"] == "test"]
    rows = [("", _window_cells(place, window, unit)) for place, window in enumerate(tests, start=1)]
    note = "Loss: mean weighted quantile loss in per cent of the mean size of the window's values; lower is better."
    return section("Test windows", note, table(heads, rows))


def _window_cells(place: int, window: Mapping[str, Any], unit: str) -> list[Cell]:
    model, best = window["model"], window["baseline"]
    known = model[LOSS] is not None and best[LOSS]
    ratio = model[LOSS] / best[LOSS] - 1 if known else None
    return [
        words(place),
        words(_day(window["start"])),
        words(_day(window["end"])),
        figure_cell(share(model[LOSS], 2)),
        figure_cell(share(best[LOSS], 2)),
        figure_cell(share(ratio, signed=True), "" if ratio is None else "good" if ratio < 0 else "bad"),
        figure_cell(amount(model["MAE"], unit)),
        figure_cell(share(model["coverage"].get(BAND, {}).get("share"), 0)),
    ]


def quality_section(bundle: ReportBundle) -> str:
    """Return what is to know about the data: missing values, calibration, and stored data that was left out."""
    notes = [*_missing(bundle), *_calibration(bundle), *(f"Note: {problem}" for problem in bundle.problems)]
    if not notes:
        return ""
    return section("Data quality", "", f"<ul>{''.join(f'<li>{prose(note)}</li>' for note in notes)}</ul>")


def _missing(bundle: ReportBundle) -> Iterable[str]:
    report, scores = bundle.files.forecasts, bundle.files.scores
    if report and report["windows"]:
        values: Sequence[float | None] = [value for window in report["windows"] for value in window["actual"]]
        absent = sum(value is None for value in values)
        yield f"Steps of the test windows: {len(values)}; not scored, because they have no actual value: {absent}."
    if scores and len(scores["assets"]) > 1:
        counts = {found["model"]["values"] or 0 for found in scores["assets"].values()}
        found = f"{min(counts):g}" if len(counts) == 1 else f"{min(counts):g} to {max(counts):g}"
        yield f"Scored values of each of the {len(scores['assets'])} assets: {found}."


def _calibration(bundle: ReportBundle) -> Iterable[str]:
    found = bundle.files.calibration
    if found:
        done = "were recalibrated" if found["applied"] else "are the model's own, without recalibration"
        yield f"The quantiles {done}: {found['reason']}."
