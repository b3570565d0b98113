"""The latest drift episode of a template, one item in the prediction table. Every write of it is conditional."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from boto3.dynamodb.conditions import Attr
from botocore.exceptions import ClientError

from contracts.tables import DRIFT_ROW, PREDICTION, EpisodeAttribute
from contracts.times import read_time, to_iso
from runs.stack import Stack

#: A check whose notice was not noted as sent after this time has failed, and another one sends it. Longer than a check may run.
NOTICE_TIME = timedelta(minutes=10)


@dataclass(frozen=True)
class Episode:
    """Times are ISO 8601, UTC; ``noticed_at`` and ``ended_at`` are empty until then. ``model`` is the model package."""

    since: str
    model: str
    noticed_at: str = ""
    ended_at: str = ""

    @property
    def moment(self) -> datetime:
        """The time from which the id of the retraining is derived."""
        return read_time(self.since, EpisodeAttribute.SINCE)


class EpisodeStore:
    """The latest episode of one template."""

    def __init__(self, stack: Stack, template_id: str) -> None:
        self._table = stack.dynamodb.Table(stack.outputs.prediction_table)
        self._key = {PREDICTION.hash_key: template_id, str(PREDICTION.range_key): DRIFT_ROW}

    def get(self) -> Episode | None:
        """Return the latest episode, read consistently, or None."""
        item = self._table.get_item(Key=self._key, ConsistentRead=True).get("Item")
        if item is None:
            return None
        names = (EpisodeAttribute.MODEL_PACKAGE_ARN, EpisodeAttribute.NOTICED_AT, EpisodeAttribute.ENDED_AT)
        return Episode(str(item[EpisodeAttribute.SINCE]), *(str(item[name]) for name in names))

    def begin(self, model: str, now: datetime) -> Episode | None:
        """Begin an episode and return it; None if there is one already, unless its notice should long have been sent."""
        begun, since = Episode(to_iso(now.replace(microsecond=0)), model), Attr(EpisodeAttribute.SINCE)
        failed = Attr(EpisodeAttribute.NOTICED_AT).eq("") & since.lt(to_iso(now - NOTICE_TIME))
        free = since.not_exists() | Attr(EpisodeAttribute.ENDED_AT).ne("") | failed
        return begun if self._put(begun, free) else None

    def change(self, episode: Episode, **changes: str) -> Episode | None:
        """Store changes to an episode and return it; None if another one has begun, or this one has ended."""
        changed = replace(episode, **changes)
        same = Attr(EpisodeAttribute.SINCE).eq(episode.since) & Attr(EpisodeAttribute.ENDED_AT).eq("")
        return changed if self._put(changed, same) else None

    def _put(self, episode: Episode, condition: Any) -> bool:
        item = {
            **self._key,
            EpisodeAttribute.SINCE: episode.since,
            EpisodeAttribute.MODEL_PACKAGE_ARN: episode.model,
            EpisodeAttribute.NOTICED_AT: episode.noticed_at,
            EpisodeAttribute.ENDED_AT: episode.ended_at,
        }
        try:
            self._table.put_item(Item=item, ConditionExpression=condition)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            return False
        return True
