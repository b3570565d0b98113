"""The notice of drift, and the sentence that ``runs drift`` prints."""

from __future__ import annotations

import json
from datetime import datetime

from contracts.ranges import LATEST
from contracts.tables import TemplateAttribute
from contracts.times import format_time
from runs.drift import Statement
from runs.store import Item


def notice(template: Item, statement: Statement) -> tuple[str, str]:
    """Return subject (ASCII, at most 100 characters) and text of the notice that an episode of drift has begun."""
    template_id, content = str(template[TemplateAttribute.ID]), json.loads(template[TemplateAttribute.TEMPLATE])
    retraining = f"python -m runs start {template_id}"
    if statement.rule.retrain:
        others = "another training of the template is running or has succeeded since"
        retraining = f"it starts once by itself (drift.retrain), unless {others}"
    lines = [
        f"The forecasts of template {template_id} are worse than its drift rule accepts.",
        "",
        f"{sentence(statement)}.",
        f"Model: {statement.model}",
        "Skill is 1 - loss / loss of the best baseline of the model's evaluation. Below 0, that baseline forecasts better.",
        "",
        "What to do:",
        f"1. Look at each forecast: python -m runs drift {template_id}",
        f"2. Retrain: {retraining}.{_newer_prices(content['endTraining'])}",
        f"3. Compare and approve the new model: python -m runs models list {template_id}",
        "",
        "There is no further notice until the skill is back, or another model is approved.",
    ]
    return f"Drift: forecasts of template {template_id}", "\n".join(lines)


def _newer_prices(end_training: str) -> str:
    """What to change so that a training uses newer prices; empty if it does so anyway."""
    if end_training == LATEST:
        return ""
    return (
        f" A training uses prices until endTraining, which is {end_training}. To use newer ones, set endTraining to a later "
        f'date or to "{LATEST}" in the template\'s file and store it: python -m runs template put FILE --replace'
    )


def sentence(statement: Statement) -> str:
    """Return the skill over which forecasts and what is required, or how many forecasts are missing for that."""
    rule, found = statement.rule, statement.forecasts
    if statement.skill is None:
        count = "1 forecast is" if len(found) == 1 else f"{len(found)} forecasts are"
        return f"No statement: {count} scored for the model in use; {rule.forecasts} are needed"
    newest, oldest = (datetime.fromisoformat(one.cutoff) for one in (found[0], found[-1]))
    dates = f"{format_time(oldest, newest)} to {format_time(newest, oldest)}"
    over = f"over the last {rule.forecasts} scored forecasts (after the prices of {dates})"
    if rule.forecasts == 1:
        over = f"of the last scored forecast (after the price of {format_time(newest)})"
    verdict = "below the required" if statement.is_drift else "not below the required"
    return f"Skill {statement.skill:+.1%} {over} is {verdict} {rule.minimum_skill:+.1%}"
