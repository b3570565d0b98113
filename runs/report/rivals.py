"""The page's sections that compare the model with other models: the champion, and the ablation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from contracts.ids import ablation_id
from runs.ablation import wants_ablation
from runs.report.bundle import ReportBundle
from runs.report.html import prose, section
from runs.report.verdict import CLOSE
from runs.report.wording import between, counted, share


def champion_section(champion: Mapping[str, Any]) -> str:
    """Return the comparison with the model that was approved when the execution started."""
    note = "The champion is the newest model of this template that was approved when the execution started."
    return section("Against the champion", note, "".join(f"<p>{prose(one)}</p>" for one in _against(champion)))


def _against(champion: Mapping[str, Any]) -> Iterable[str]:
    if not champion["compared"]:
        yield f"There is no comparison: {champion['reason']}."
        return
    skill, interval = champion["skill"], champion["interval"]
    found = f"{share(abs(skill))} {'lower' if skill > 0 else 'higher'} than" if skill else "as high as"
    spread = f" (95 % interval of 1 − loss / loss: {between(interval, 1, signed=True)})" if interval else ""
    dates = f"{counted(int(champion['values']), 'date')} from {champion['from'][:10]} to {champion['to'][:10]}"
    version = str(champion["modelPackage"]).rpartition("/")[2]
    yield f"On the {dates} that both have forecast, the new model's loss is {found} that of version {version}{spread}."
    own, other = champion["stepsAhead"], champion["championStepsAhead"]
    yield f"The forecasts compared are {own:.1f} steps ahead on average, the champion's {other:.1f}; fewer steps are easier."


def ablation_section(bundle: ReportBundle) -> str:
    """Return what the features contribute: the loss of the same training without them, on the same test windows."""
    if not wants_ablation(bundle.template) or bundle.files.scores is None:
        return ""
    name = ablation_id(bundle.execution_id)
    note = f"The execution {name} is the same training without dynamic features."
    found = bundle.files.ablation
    said = _contribution(bundle.files.scores, found) if found else "It has not been evaluated yet"
    return section("What the features contribute", note, f"<p>{prose(said)}.</p>")


def _contribution(scores: Mapping[str, Any], ablation: Mapping[str, Any]) -> str:
    loss, without = scores["skill"]["loss"], ablation["skill"]["loss"]
    if not without or not scores["skill"]["windows"]:
        return "The test windows cannot be scored"
    saved = 1 - loss / without
    own, other = (share(one["skill"]["skill"], signed=True) for one in (scores, ablation))
    skills = f"skill {own} with and {other} without"
    if abs(saved) <= CLOSE:
        return f"The features contribute nothing: without them, the loss differs by less than {share(CLOSE, 0)} ({skills})"
    if saved < 0:
        return f"The features do not help: with them, the loss is {share(-saved)} higher ({skills})"
    return f"With the features, the loss is {share(saved)} lower ({skills})"
