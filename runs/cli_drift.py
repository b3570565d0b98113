"""The command ``drift``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

import typer
from rich.table import Table

from contracts.display import printable
from contracts.drift import DriftRule, drift_rule
from contracts.tables import TemplateAttribute
from contracts.times import format_time
from runs import views
from runs.begin import stored_template
from runs.command_line import CONSOLE, Outputs, TemplateId, aws_reported, print_line
from runs.drift import ScoredForecast, current_statement
from runs.drift_episodes import Episode, EpisodeStore
from runs.drift_notice import sentence
from runs.stack import Stack


def add_drift_command(app: typer.Typer) -> None:
    """Add the command to ``python -m runs``."""
    app.command()(drift)


def drift(template: TemplateId, stack_outputs: Outputs = None) -> None:
    """Show the skill of a template's last scored forecasts, and whether it is below the template's drift rule."""
    with aws_reported():
        stack = Stack.load(stack_outputs)
        item = stored_template(stack, template)
        rule = drift_rule(json.loads(item[TemplateAttribute.TEMPLATE]))
        statement = current_statement(stack, item, rule or DriftRule())
        CONSOLE.print(forecasts_table(statement.forecasts))
        print_line(f"model   {printable(statement.model or 'no model of the template is approved')}")
        print_line(f"drift   {sentence(statement)}")
        for line in _episode_lines(EpisodeStore(stack, template).get()):
            print_line(line)
        if rule is None:
            print_line("note    The template has no field drift: these are its defaults, and nothing watches the forecasts.")


def forecasts_table(forecasts: Sequence[ScoredForecast]) -> Table:
    """Return a table of scored forecasts with losses and skill; the losses are means over the scored rows."""
    table = Table("forecast", "last price", "last step", "scored rows", "loss", "baseline's loss", "skill")
    table.columns[0].min_width = max((len(one.execution_id) for one in forecasts), default=0)
    for column in table.columns[3:]:
        column.justify = "right"
    for one in forecasts:
        cutoff, last = datetime.fromisoformat(one.cutoff), datetime.fromisoformat(one.last)
        losses = (f"{loss / one.rows:.6g}" for loss in (one.loss, one.baseline_loss))
        times = (format_time(cutoff, last), format_time(last, cutoff))
        table.add_row(*(views.cell(value) for value in (one.execution_id, *times, one.rows, *losses, f"{one.skill:+.1%}")))
    return table


def _episode_lines(episode: Episode | None) -> list[str]:
    if episode is None or episode.ended_at:
        return []
    noticed = f"notice sent at {episode.noticed_at}" if episode.noticed_at else "the notice is not sent yet"
    return [printable(f"since   {episode.since}; {noticed}")]
