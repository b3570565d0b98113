"""What the figures say, in plain words: is the model better than the naive forecast, and where is it not."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from contracts.forecasts import ForecastReport, WindowForecast
from contracts.layout import GATE_THRESHOLD
from contracts.metrics import mean_weighted_quantile_loss
from contracts.status import FAILED, NOT_REGISTERED, REGISTERED, STOPPED
from contracts.tables import ExecutionAttribute
from runs.report.bundle import ReportBundle
from runs.report.significance import LEAST_WINDOWS, LEVEL, sign_flip_p_value, smallest_p_value

METRIC = "mean_wQuantileLoss"
#: Forecasts whose losses differ by at most this share are called equally good: it is less than sampling noise.
CLOSE = 0.01
_NAMED_WINDOWS = 4


@dataclass(frozen=True)
class WindowScore:
    """One window's losses on the transformed target (None: nothing to compare), and how many actuals the outer band contains.

    ``size`` is Σ |y|, the window's weight in the loss over all windows.
    """

    start: str
    end: str
    loss: float | None
    naive_loss: float | None
    size: float
    inside: int
    observed: int

    @property
    def ratio(self) -> float | None:
        """The model's loss divided by the naive forecast's; None if there is no naive loss."""
        return self.loss / self.naive_loss if self.loss is not None and self.naive_loss else None


@dataclass(frozen=True)
class Verdict:
    """``tone``: good, neutral or bad. ``judges_model``: False if there is only the execution's status to report."""

    tone: str
    headline: str
    sentences: tuple[str, ...]
    judges_model: bool = True


@dataclass(frozen=True)
class Evaluation:
    """Scores and verdict of one execution, computed once for the page, the picture and the command line."""

    scores: tuple[WindowScore, ...]
    verdict: Verdict


def evaluate(bundle: ReportBundle) -> Evaluation:
    """Return the scores of all windows and the verdict on them."""
    scores = window_scores(bundle.forecasts) if bundle.forecasts else []
    return Evaluation(tuple(scores), _verdict(bundle, scores))


def window_scores(report: ForecastReport) -> list[WindowScore]:
    """Return every window's score, computed from its quantiles."""
    return [_window_score(window) for window in report["windows"]]


def overall_ratio(report: ForecastReport) -> float | None:
    """Return the model's loss divided by the naive forecast's, over all windows."""
    loss, naive = report["metrics"].get(METRIC), report["naive_metrics"].get(METRIC)
    return loss / naive if loss is not None and naive else None


def coverage(scores: Sequence[WindowScore]) -> float | None:
    """Return the share of all observed actuals that are inside the outer band."""
    observed = sum(score.observed for score in scores)
    return sum(score.inside for score in scores) / observed if observed else None


def nominal_coverage(report: ForecastReport) -> float:
    """Return the share that the outer band should contain: 0.8 for quantiles from 0.1 to 0.9."""
    levels = [float(level) for level in report["windows"][0]["target_quantiles"]]
    return max(levels) - min(levels)


def quantile_ratios(report: ForecastReport) -> dict[str, float]:
    """Return the model's loss divided by the naive forecast's for each quantile that both have."""
    naive = report["naive_metrics"]
    names = [name for name in report["metrics"] if name.startswith("wQuantileLoss[") and naive.get(name)]
    return {name[len("wQuantileLoss[") : -1]: report["metrics"][name] / naive[name] for name in names}


def gate_figures(item: Mapping[str, object], gate: Mapping[str, object] | None) -> tuple[float | None, float | None]:
    """Return the metric and the threshold that the gate compared."""
    threshold = item.get(ExecutionAttribute.GATE_THRESHOLD) or (gate or {}).get(GATE_THRESHOLD)
    return _number(item.get(ExecutionAttribute.GATE_METRIC)), _number(threshold)


def _window_score(window: WindowForecast) -> WindowScore:
    actual, quantiles = window["target_actual"], window["target_quantiles"]
    levels = sorted(quantiles, key=float)
    bounds = zip(actual, quantiles[levels[0]], quantiles[levels[-1]], strict=True)
    inside = [low <= value <= high for value, low, high in bounds if value is not None]
    return WindowScore(
        start=window["timestamps"][0][:10],
        end=window["timestamps"][-1][:10],
        loss=mean_weighted_quantile_loss(actual, quantiles),
        naive_loss=mean_weighted_quantile_loss(actual, window["naive_target_quantiles"]),
        size=sum(abs(value) for value in actual if value is not None),
        inside=sum(inside),
        observed=len(inside),
    )


def _verdict(bundle: ReportBundle, scores: Sequence[WindowScore]) -> Verdict:
    """The headline and the sentences that explain it."""
    status = str(bundle.item.get(ExecutionAttribute.STATUS, "unknown"))
    if status in (FAILED, STOPPED):
        reason = str(bundle.item.get(ExecutionAttribute.FAILURE_REASON) or "No reason was given.")
        headline = f"The execution {'failed' if status == FAILED else 'was stopped'}."
        return Verdict("bad", headline, (reason,), judges_model=False)
    gate = _gate_sentence(bundle)
    report = bundle.forecasts
    ratio = overall_ratio(report) if report and report["windows"] else None
    if report is None or ratio is None:
        missing = "There are no forecasts of the test windows yet, so the model cannot be compared with the naive forecast."
        return Verdict("neutral", f"{status}: no verdict yet.", (missing, *gate), judges_model=False)
    differences = _differences(scores)
    chance = sign_flip_p_value(differences)
    sentences = (
        _figures(report, ratio),
        *_window_sentences(scores, chance, len(differences)),
        *_quantile_sentence(report),
        *_coverage_sentence(report, scores),
        *gate,
    )
    return Verdict(_tone(ratio, chance), _headline(ratio, chance, len(differences)), sentences)


def _differences(scores: Sequence[WindowScore]) -> list[float]:
    """The model's loss minus the naive forecast's for each window that has both, with its weight in the loss over all windows.

    The test then decides about the same number as the headline: one large window can outweigh many small ones in both.
    """
    triples = [(score.loss, score.naive_loss, score.size) for score in scores]
    return [(loss - naive) * size for loss, naive, size in triples if loss is not None and naive is not None]


def _tone(ratio: float, chance: float) -> str:
    if abs(ratio - 1) <= CLOSE or chance > LEVEL:
        return "neutral"
    return "good" if ratio < 1 else "bad"


def _headline(ratio: float, chance: float, windows: int) -> str:
    if abs(ratio - 1) <= CLOSE:
        return "The model adds nothing to the naive forecast: both are equally good."
    difference = f"The model's loss is {abs(ratio - 1):.1%} {'below' if ratio < 1 else 'above'} the naive forecast's"
    if chance <= LEVEL:
        return f"{difference}."
    if windows < LEAST_WINDOWS:
        few = f"{_windows(windows)} {'is' if windows == 1 else 'are'} too few to rule out chance"
        return f"{difference}, but {few}; set testWindows to {LEAST_WINDOWS} or more."
    return f"{difference}, but over {_windows(windows)} that could be chance."


def _windows(count: int) -> str:
    return f"{count} test window{'' if count == 1 else 's'}"


def _figures(report: ForecastReport, ratio: float) -> str:
    loss, naive = report["metrics"][METRIC], report["naive_metrics"][METRIC]
    return (
        f"Over all {_windows(len(report['windows']))}, the model's mean weighted quantile loss is {loss:.4f}, the naive "
        f"forecast's {naive:.4f} (ratio {ratio:.3f}; lower is better)."
    )


def _window_sentences(scores: Sequence[WindowScore], chance: float, compared: int) -> list[str]:
    known = [score for score in scores if score.ratio is not None]
    worse = [score for score in known if score.ratio is not None and score.ratio > 1]
    if not known:
        return []
    share = f"{chance:.0%}" if chance >= 0.01 else "less than 1%"
    test = f"If both were equally good, a gap this large would occur {share} of the time (paired sign-flip test)."
    test += _too_few(compared)
    if not worse:
        return [f"The model is better in all {_windows(len(known))}.", test]
    where = ", ".join(f"{score.start} to {score.end}" for score in worse[:_NAMED_WINDOWS])
    more = f" and {len(worse) - _NAMED_WINDOWS} more" if len(worse) > _NAMED_WINDOWS else ""
    better = f"The model is better in {len(known) - len(worse)} of {_windows(len(known))}"
    return [f"{better} and worse in {where}{more}.", test]


def _too_few(windows: int) -> str:
    if windows >= LEAST_WINDOWS:
        return ""
    return (
        f" With {_windows(windows)} this figure is at least {smallest_p_value(windows):.1%} for any forecast, but ruling out "
        f"chance takes at most {LEVEL:.0%}: use a template with testWindows of {LEAST_WINDOWS} or more."
    )


def _quantile_sentence(report: ForecastReport) -> list[str]:
    ratios = quantile_ratios(report)
    worse = [level for level, ratio in ratios.items() if ratio > 1]
    if not ratios or not worse:
        return []
    if len(worse) == len(ratios):
        return ["The model is worse at every quantile."]
    best = min(ratios, key=lambda level: ratios[level])
    return [f"By quantile: worse at {', '.join(worse)}; best at {best} (ratio {ratios[best]:.2f})."]


def _coverage_sentence(report: ForecastReport, scores: Sequence[WindowScore]) -> list[str]:
    share = coverage(scores)
    if share is None:
        return []
    return [f"The outer band contains {share:.0%} of the actual values; it should contain {nominal_coverage(report):.0%}."]


def _gate_sentence(bundle: ReportBundle) -> list[str]:
    outcome = bundle.item.get(ExecutionAttribute.OUTCOME)
    metric, threshold = gate_figures(bundle.item, bundle.gate)
    figures = f" (loss {metric:.4f}, threshold {threshold:.4f})" if metric is not None and threshold is not None else ""
    if outcome == NOT_REGISTERED:
        return [f"The quality gate rejected the model, so it is not registered{figures}."]
    return [f"The model passed the quality gate and is registered{figures}."] if outcome == REGISTERED else []


def _number(value: object) -> float | None:
    """A stored number; None if it is missing or not finite."""
    try:
        number = float(str(value))
    except ValueError:
        return None
    return number if math.isfinite(number) else None
