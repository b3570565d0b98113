"""The drift check: one notice, and at most one retraining, from the time at which the skill falls below a template's rule.

An episode of drift ends when the skill is back, or when another model is the newest approved one. Repeated and simultaneous
checks of an episode send one notice and start one training.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime

from contracts import status as st
from contracts.drift import DriftRule, drift_rule
from contracts.ids import new_execution_id
from contracts.tables import ExecutionAttribute, TemplateAttribute
from contracts.times import to_iso
from runs.begin import DRIFT, start_slot, suffix_of
from runs.drift import Statement, current_statement
from runs.drift_episodes import Episode, EpisodeStore
from runs.drift_notice import notice
from runs.pages import all_items
from runs.pipeline_start import Started
from runs.stack import Stack
from runs.store import Item, execution_store


def watched_templates(stack: Stack) -> Iterator[tuple[Item, DriftRule]]:
    """Yield the stored templates that have a drift rule."""
    for item in all_items(stack.dynamodb.Table(stack.outputs.template_table), "scan"):
        rule = drift_rule(json.loads(item[TemplateAttribute.TEMPLATE]))
        if rule is not None:
            yield item, rule


def check_template(stack: Stack, template: Item, rule: DriftRule, now: datetime | None = None) -> Started | None:
    """Begin or end a stored template's episode, send its notice, start its retraining. Returns a training that it started.

    Raises:
        ProblemsError: the retraining cannot start; the next check tries again.
    """
    moment, template_id = now or datetime.now(UTC), str(template[TemplateAttribute.ID])
    statement, episodes = current_statement(stack, template, rule), EpisodeStore(stack, template_id)
    episode = episodes.get()
    if episode is not None and not episode.ended_at and _is_over(episode, statement):
        episodes.change(episode, ended_at=to_iso(moment))
    if not statement.is_drift:
        return None
    episode = _noticed(stack, template, statement, episodes, moment)
    if episode is None or not rule.retrain or _is_retrained(stack, template_id, episode):
        return None
    started = start_slot(stack, template_id, episode.moment, DRIFT)
    return started if started.new else None


def _is_over(episode: Episode, statement: Statement) -> bool:
    has_recovered = statement.skill is not None and not statement.is_drift
    return has_recovered or statement.model != episode.model


def _noticed(stack: Stack, template: Item, statement: Statement, episodes: EpisodeStore, now: datetime) -> Episode | None:
    """The current episode after its notice was sent; None while another check sends it."""
    begun = episodes.begin(statement.model, now)
    if begun is None:
        episode = episodes.get()
        return episode if episode is not None and episode.noticed_at else None
    subject, message = notice(template, statement)
    stack.sns.publish(TopicArn=stack.outputs.alarm_topic_arn, Subject=subject, Message=message)
    return episodes.change(begun, noticed_at=to_iso(now))


def _is_retrained(stack: Stack, template_id: str, episode: Episode) -> bool:
    """True if another training of the template is running, or has begun since the episode and did not fail."""
    own = new_execution_id(template_id, episode.moment, suffix_of(DRIFT))
    return any(
        _is_running(item) or _has_succeeded_since(item, episode)
        for item in execution_store(stack).all()
        if item.get(ExecutionAttribute.TEMPLATE_ID) == template_id
        and item.get(ExecutionAttribute.KIND, st.TRAINING) == st.TRAINING
        and item[ExecutionAttribute.ID] != own
    )


def _is_running(item: Item) -> bool:
    """An item without a pipeline execution was never started."""
    return ExecutionAttribute.PIPELINE_EXECUTION_ARN in item and not st.is_terminal(str(item[ExecutionAttribute.STATUS]))


def _has_succeeded_since(item: Item, episode: Episode) -> bool:
    succeeded = item[ExecutionAttribute.STATUS] == st.SUCCEEDED
    return succeeded and str(item[ExecutionAttribute.CREATED_AT]) >= episode.since
