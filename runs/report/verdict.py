"""What the figures say, in plain words: does the model beat the naive forecast, and where not."""

from __future__ import annotations

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
#: Within this share of one another, two forecasts are called equally good: less than sampling noise.
CLOSE = 0.01


@dataclass(frozen=True)
class WindowScore:
    """One window's losses on the transformed target (None: nothing to compare), and the share of actuals in the outer band.

    ``size`` is Σ |y|, by which a window's loss weighs in that over all windows.
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
        return self.loss / self.naive_loss if self.loss is not None and self.naive_loss else None


@dataclass(frozen=True)
class Verdict:
    """``tone``: good, neutral or bad. ``judged``: whether the model was, rather than only the execution's status told."""

    tone: str
    headline: str
    sentences: tuple[str, ...]
    judged: bool = True


def window_scores(report: ForecastReport) -> list[WindowScore]:
    """Every window's score, recomputed from its quantiles."""
    return [_window_score(window) for window in report["windows"]]


def _window_score(window: WindowForecast) -> WindowScore:
    actual, quantiles = window["target_actual"], window["target_quantiles"]
    levels = sorted(quantiles, key=float)
    bounds = zip(actual, quantiles[levels[0]], quantiles[levels[-1]], strict=True)
    seen = [low <= value <= high for value, low, high in bounds if value is not None]
    return WindowScore(
        start=window["timestamps"][0][:10],
        end=window["timestamps"][-1][:10],
        loss=mean_weighted_quantile_loss(actual, quantiles),
        naive_loss=mean_weighted_quantile_loss(actual, window["naive_target_quantiles"]),
        size=sum(abs(value) for value in actual if value is not None),
        inside=sum(seen),
        observed=len(seen),
    )


def overall_ratio(report: ForecastReport) -> float | None:
    """The model's loss as a share of the naive one, over all windows."""
    loss, naive = report["metrics"].get(METRIC), report["naive_metrics"].get(METRIC)
    return loss / naive if loss is not None and naive else None


def coverage(scores: Sequence[WindowScore]) -> float | None:
    """Share of all observed actuals that lie in the outer band."""
    observed = sum(score.observed for score in scores)
    return sum(score.inside for score in scores) / observed if observed else None


def nominal_coverage(report: ForecastReport) -> float:
    """What the outer band promises: 0.8 for quantiles from 0.1 to 0.9."""
    levels = [float(level) for level in report["windows"][0]["target_quantiles"]]
    return max(levels) - min(levels)


def verdict(bundle: ReportBundle) -> Verdict:
    """The headline, and what explains it."""
    status = str(bundle.item.get(ExecutionAttribute.STATUS, "unknown"))
    if status in (FAILED, STOPPED):
        reason = str(bundle.item.get(ExecutionAttribute.FAILURE_REASON) or "No reason was given.")
        return Verdict("bad", f"The execution {'failed' if status == FAILED else 'was stopped'}.", (reason,), judged=False)
    gate = _gate_sentence(bundle)
    report = bundle.forecasts
    ratio = overall_ratio(report) if report else None
    if report is None or ratio is None:
        missing = "There are no forecasts of the test windows yet, so nothing can be said of the model here."
        return Verdict("neutral", f"{status}: no verdict yet.", (missing, *gate), judged=False)
    scores = window_scores(report)
    chance = chance_of(scores)
    sentences = (
        _figures(report, ratio),
        *_by_window(scores, chance),
        *_by_quantile(report),
        *_coverage_sentence(report, scores),
        *gate,
    )
    return Verdict(_tone(ratio, chance), _headline(ratio, chance, len(_compared(scores))), sentences)


def chance_of(scores: Sequence[WindowScore]) -> float:
    """How often chance alone would make a difference between model and naive forecast as large as this one."""
    return sign_flip_p_value(_compared(scores))


def _compared(scores: Sequence[WindowScore]) -> list[float]:
    """Model's loss less the naive one, of the windows that have both, as they add up in the loss over all windows.

    So what is tested is what the headline says: one large window can outweigh many small ones, in both or in neither.
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
    said = f"The model is {abs(ratio - 1):.1%} {'better' if ratio < 1 else 'worse'} than the naive forecast"
    if chance <= LEVEL:
        return f"{said}."
    if windows < LEAST_WINDOWS:
        return f"{said}, but {_windows(windows)} can never tell that from chance; at least {LEAST_WINDOWS} can."
    return f"{said}, which {_windows(windows)} can not tell from chance."


def _windows(count: int) -> str:
    return f"{count} window{'' if count == 1 else 's'}"


def _figures(report: ForecastReport, ratio: float) -> str:
    loss, naive = report["metrics"][METRIC], report["naive_metrics"][METRIC]
    return (
        f"Over all {len(report['windows'])} test windows its mean weighted quantile loss is {loss:.4f}, that of the naive "
        f"forecast with the quantiles of its training residuals {naive:.4f}: {ratio:.3f} times as much (lower is better)."
    )


def _by_window(scores: Sequence[WindowScore], chance: float) -> list[str]:
    known = [score for score in scores if score.ratio is not None]
    worse = [score for score in known if score.ratio is not None and score.ratio > 1]
    if not known:
        return []
    share = f"{chance:.0%}" if chance >= 0.01 else "less than 1%"
    test = f"Two equally good forecasts would differ by as much in {share} of such samples (paired sign-flip test)."
    test += _never(len(_compared(scores)))
    if not worse:
        return [f"It is better in every one of the {len(known)} windows.", test]
    where = ", ".join(f"{score.start} to {score.end}" for score in worse[:4]) + (" and others" if len(worse) > 4 else "")
    return [f"It is better in {len(known) - len(worse)} of {len(known)} windows, and worse in these: {where}.", test]


def _never(windows: int) -> str:
    if windows >= LEAST_WINDOWS:
        return ""
    least = f" With {_windows(windows)} it is never less than {smallest_p_value(windows):.1%}, whatever the forecasts"
    return f"{least}, and it takes {LEVEL:.0%} to tell: that needs a template with testWindows of at least {LEAST_WINDOWS}."


def _by_quantile(report: ForecastReport) -> list[str]:
    ratios = quantile_ratios(report)
    worse = [level for level, ratio in ratios.items() if ratio > 1]
    if not ratios or not worse:
        return []
    if len(worse) == len(ratios):
        return ["It is worse at every quantile."]
    best = min(ratios, key=lambda level: ratios[level])
    return [f"By quantile: worse at {', '.join(worse)}; best at {best} ({ratios[best]:.2f} times the naive loss)."]


def quantile_ratios(report: ForecastReport) -> dict[str, float]:
    """Model's loss over the naive one by quantile, where both have it."""
    naive = report["naive_metrics"]
    names = [name for name in report["metrics"] if name.startswith("wQuantileLoss[") and naive.get(name)]
    return {name[len("wQuantileLoss[") : -1]: report["metrics"][name] / naive[name] for name in names}


def _coverage_sentence(report: ForecastReport, scores: Sequence[WindowScore]) -> list[str]:
    share = coverage(scores)
    if share is None:
        return []
    return [f"{share:.0%} of the actual values lie in the outer band, which promises {nominal_coverage(report):.0%}."]


def _gate_sentence(bundle: ReportBundle) -> list[str]:
    outcome = bundle.item.get(ExecutionAttribute.OUTCOME)
    metric, threshold = gate_figures(bundle.item, bundle.gate)
    figures = f" (loss {metric:.4f}, threshold {threshold:.4f})" if metric is not None and threshold is not None else ""
    if outcome == NOT_REGISTERED:
        return [f"The quality gate refused the model: it is not registered{figures}."]
    return [f"The quality gate let the model pass: it is registered{figures}."] if outcome == REGISTERED else []


def gate_figures(item: Mapping[str, object], gate: Mapping[str, object] | None) -> tuple[float | None, float | None]:
    """The metric and the threshold that the gate compared."""
    metric = item.get(ExecutionAttribute.GATE_METRIC)
    threshold = item.get(ExecutionAttribute.GATE_THRESHOLD) or (gate or {}).get(GATE_THRESHOLD)
    return _number(metric), _number(threshold)


def _number(value: object) -> float | None:
    return None if value is None else float(str(value))
