"""What the figures say, in plain words: is the model better than the best simple forecast, and what follows from that."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contracts.layout import GATE_REQUIRED_SKILL, GATE_SKILL
from contracts.status import FAILED, NOT_REGISTERED, REGISTERED, STOPPED
from contracts.tables import ExecutionAttribute
from contracts.template import TELLING_WINDOWS
from runs.report.bundle import ReportBundle
from runs.report.coming import ComingForecast
from runs.report.fans import middle_level, outer_band
from runs.report.wording import amount, band_name, between, counted, share
from runs.views import advice

BAND = "0.8"
#: Losses that differ by at most this share are called equal: it is less than sampling noise.
CLOSE = 0.01


@dataclass(frozen=True)
class Verdict:
    """``tone``: good, neutral or bad. ``judges_model``: False if there is only the execution's status to report."""

    tone: str
    headline: str
    sentences: tuple[str, ...]
    judges_model: bool = True


def verdict(bundle: ReportBundle) -> Verdict:
    """Return the headline and the sentences that explain it."""
    status = str(bundle.item.get(ExecutionAttribute.STATUS, "unknown"))
    if status in (FAILED, STOPPED):
        reason = str(bundle.item.get(ExecutionAttribute.FAILURE_REASON) or "No reason was given.")
        headline = f"The execution {'failed' if status == FAILED else 'was stopped'}."
        return Verdict("bad", headline, (reason,), judges_model=False)
    gate, scores, coming = gate_sentences(bundle), bundle.files.scores, bundle.coming
    if scores is None and coming:
        return Verdict("neutral", _coming_headline(coming), gate, judges_model=False)
    if scores is None or not scores["skill"]["windows"]:
        missing = "The test windows have not been scored, so the model cannot be compared with a simple forecast."
        return Verdict("neutral", f"{status}: no verdict yet.", (missing, *gate), judges_model=False)
    skill = scores["skill"]
    tone = _tone(skill)
    sentences = (
        *_error_sentences(bundle, scores),
        _skill_sentence(skill),
        *_few_windows(skill),
        *_coverage_sentence(scores),
        *gate,
    )
    return Verdict(tone, _headline(skill, tone, bundle.asset), sentences)


def _tone(skill: Mapping[str, Any]) -> str:
    """Good or bad only if the whole interval is on one side of 0, and there are enough windows for that to tell anything.

    A bootstrap of a few windows shows less spread than there is.
    """
    interval = skill["interval"]
    if abs(skill["skill"]) <= CLOSE or interval is None or skill["windows"] < TELLING_WINDOWS:
        return "neutral"
    if skill["skill"] > 0:
        return "good" if interval[0] > 0 else "neutral"
    return "bad" if interval[1] < 0 else "neutral"


def _headline(skill: Mapping[str, Any], tone: str, asset: str) -> str:
    name, found = skill["baseline"], skill["skill"]
    if abs(found) <= CLOSE:
        return f"The model adds nothing: the simple forecast “{name}” is just as good for {asset}."
    more = f"its error is {share(abs(found))} {'lower' if found > 0 else 'higher'}"
    if tone == "good":
        return f"The model forecasts {asset} better than the best simple forecast, “{name}”: {more}."
    if tone == "bad":
        return f"The model forecasts {asset} worse than the simple forecast “{name}”: {more}. Use “{name}” instead."
    windows = counted(int(skill["windows"]), "test window")
    if found < 0:
        return f"The model adds nothing to the simple forecast “{name}”: over {windows}, {more}."
    few = skill["windows"] < TELLING_WINDOWS
    doubt = (
        f"{windows} {'is' if skill['windows'] == 1 else 'are'} too few to tell"
        if few
        else f"over {windows} that could be chance"
    )
    return f"The model has not been shown to beat the simple forecast “{name}”: {more}, but {doubt}."


def _skill_sentence(skill: Mapping[str, Any]) -> str:
    interval = skill["interval"]
    spread = f", 95 % interval {between(interval, 1, signed=True)}" if interval is not None else ""
    wins = f"The model wins {share(skill['winRate'], 0)} of {counted(int(skill['windows']), 'test window')}"
    chosen = f"“{skill['baseline']}” was chosen as the best of all simple forecasts before the test windows began"
    found = f"{share(skill['skill'], signed=True)}{spread}"
    return f"Skill, the share of the simple forecast's error that the model removes: {found}. {wins}. {chosen}."


def _error_sentences(bundle: ReportBundle, scores: Mapping[str, Any]) -> list[str]:
    """The typical error as an amount and in per cent, of model and best baseline."""
    model, baseline = (tested(scores, name) for name in ("model", scores["skill"]["baseline"]))
    if model["MAE"] is None or baseline["MAE"] is None:
        return []

    def error(found: Mapping[str, Any]) -> str:
        relative = f" ({share(found['MAPE'])})" if found["MAPE"] is not None else ""
        return f"{amount(found['MAE'], bundle.unit)}{relative}"

    return [
        f"On average the model's median misses the {bundle.quantity} by {error(model)}, "
        f"the simple forecast's by {error(baseline)}."
    ]


def _few_windows(skill: Mapping[str, Any]) -> list[str]:
    if skill["windows"] >= TELLING_WINDOWS:
        return []
    return [f"Fewer than {TELLING_WINDOWS} test windows cannot rule out chance: set testWindows to {TELLING_WINDOWS} or more."]


def _coverage_sentence(scores: Mapping[str, Any]) -> list[str]:
    found = tested(scores, "model")["coverage"].get(BAND, {})
    if found.get("share") is None:
        return []
    interval, nominal = found.get("interval"), float(BAND)
    said = f"The model's {band_name(BAND)} contains {share(found['share'], 0)} of the actual values"
    if interval is None:
        return [f"{said}."]
    fits = (
        "it is too narrow"
        if interval[1] < nominal
        else "it is too wide"
        if interval[0] > nominal
        else f"the difference from {share(nominal, 0)} could be chance"
    )
    return [f"{said} (95 % interval {between(interval)}): {fits}."]


def tested(scores: Mapping[str, Any], name: str, assets: str = "predicted") -> Mapping[str, Any]:
    """Return a forecast's scores of prices on the test windows, of the predicted asset or of ``all``."""
    found: Mapping[str, Any] = scores["forecasters"][name]["price"]["test"][assets]
    return found


def gate_sentences(bundle: ReportBundle) -> tuple[str, ...]:
    """Return what the quality gate decided, by how much, and what to do."""
    outcome, gate = bundle.item.get(ExecutionAttribute.OUTCOME), bundle.files.gate or {}
    skill = _number(bundle.item.get(ExecutionAttribute.GATE_METRIC), gate.get(GATE_SKILL))
    required = _number(bundle.item.get(ExecutionAttribute.GATE_THRESHOLD), gate.get(GATE_REQUIRED_SKILL))
    known = skill is not None and required is not None
    figures = f" (skill {share(skill, signed=True)}, required {share(required, signed=True)})" if known else ""
    if outcome == REGISTERED:
        return (f"The model passed the quality gate and is registered{figures}.",)
    if outcome != NOT_REGISTERED:
        return ()
    short = (
        f"; it is {100 * (required - skill):.1f} percentage points short"
        if skill is not None and required is not None and skill < required
        else ""
    )
    rejected = f"The quality gate rejected the model, so it is not registered{figures}{short}."
    todo = advice(bundle.item)
    return (rejected, f"What to do: {todo}.") if todo else (rejected,)


def _coming_headline(coming: ComingForecast) -> str:
    middle, outer = coming.quantiles[middle_level(coming.quantiles)], outer_band(coming.quantiles)
    expected = f"{coming.asset} is expected at {amount(middle[-1], coming.unit)} on {coming.times[-1][:10]}"
    if outer is None:
        return f"{expected}."
    band, low, high = outer
    edges = f"{amount(coming.quantiles[low][-1])} to {amount(coming.quantiles[high][-1], coming.unit)}"
    return f"{expected}; {band_name(band)}: {edges}."


def _number(*values: object) -> float | None:
    """The first value that is a finite number."""
    for value in values:
        try:
            number = float(str(value))
        except ValueError:
            continue
        if math.isfinite(number):
            return number
    return None
