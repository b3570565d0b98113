"""Reads and writes the prediction table. A repeated step writes the same rows again; a row that was scored stays as it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from contracts import environment as names
from contracts.problems import one_problem
from contracts.tables import PredictionAttribute as Attribute
from fe_image.container.aws_clients import client
from fe_image.forecast.rows import Item, Score, score_texts

T = TypeVar("T")

#: The forecast is lost if a row cannot be written, so boto3 retries with backoff and jitter, also if DynamoDB throttles.
_ATTEMPTS, _CONNECT_SECONDS, _READ_SECONDS = 8, 5, 10
#: Requests at the same time. boto3's clients may be shared by threads, and keep ten connections.
_AT_ONCE = 8
#: Sorts after every row of a time: a row's key is the time, a slash and an execution id.
_AFTER = "0"


class PredictionTable:
    """The table of one stack."""

    def __init__(self, name: str, region: str | None) -> None:
        self._name = name
        self._dynamodb = client(
            "dynamodb", region, attempts=_ATTEMPTS, connect_seconds=_CONNECT_SECONDS, read_seconds=_READ_SECONDS
        )

    def unscored(self, series: Iterable[tuple[str, str]]) -> list[Item]:
        """Return the rows without an actual value of each series, up to a time.

        Raises:
            ProblemsError: there is no such table.
        """
        return [item for key, until in series for item in self._unscored(key, until)]

    def between(self, series: str, first: str, last: str) -> list[Item]:
        """Return the rows of a series from the first to the last time (ISO 8601), both inclusive.

        Raises:
            ProblemsError: there is no such table.
        """
        condition = "#series = :series AND #row BETWEEN :first AND :end"
        names_of = {"#series": Attribute.SERIES, "#row": Attribute.ROW}
        values = {":series": {"S": series}, ":first": {"S": first}, ":end": {"S": last + _AFTER}}
        return list(
            self._query(KeyConditionExpression=condition, ExpressionAttributeNames=names_of, ExpressionAttributeValues=values)
        )

    def put(self, items: Sequence[Item]) -> int:
        """Write rows and return how many; those that have been scored since an earlier attempt are not replaced."""
        return sum(_at_once(self._put, items))

    def score(self, scores: Sequence[tuple[Item, Score]]) -> int:
        """Add scores to rows and return how many; rows that another execution has scored meanwhile are left as they are."""
        return sum(_at_once(self._score, scores))

    def _unscored(self, series: str, until: str) -> Iterator[Item]:
        return self._query(
            KeyConditionExpression="#series = :series AND #row < :end",
            FilterExpression="attribute_not_exists(#actual)",
            ExpressionAttributeNames={"#series": Attribute.SERIES, "#row": Attribute.ROW, "#actual": Attribute.ACTUAL},
            ExpressionAttributeValues={":series": {"S": series}, ":end": {"S": until + _AFTER}},
        )

    def _query(self, **request: Any) -> Iterator[Item]:
        pages = self._dynamodb.get_paginator("query").paginate(TableName=self._name, ConsistentRead=True, **request)
        try:
            for page in pages:
                yield from page["Items"]
        except self._dynamodb.exceptions.ResourceNotFoundException as error:
            allowed = f"allowed: a table of this account in {self._dynamodb.meta.region_name}"
            raise one_problem("environment of the step", names.PREDICTION_TABLE, self._name, allowed) from error

    def _put(self, item: Item) -> bool:
        return self._unless_scored(lambda condition: self._dynamodb.put_item(TableName=self._name, Item=item, **condition))

    def _score(self, scored: tuple[Item, Score]) -> bool:
        item, found = scored
        texts = score_texts(found)
        values = {f":v{place}": {"S": text} for place, text in enumerate(texts.values())}
        added = {f"#v{place}": name for place, name in enumerate(texts)}
        changes = ", ".join(f"{name} = {value}" for name, value in zip(added, values, strict=True))
        return self._unless_scored(
            lambda condition: self._dynamodb.update_item(
                TableName=self._name,
                Key={name: item[name] for name in (Attribute.SERIES, Attribute.ROW)},
                UpdateExpression=f"SET {changes}",
                ConditionExpression=condition["ConditionExpression"],
                ExpressionAttributeNames={**condition["ExpressionAttributeNames"], **added},
                ExpressionAttributeValues=values,
            )
        )

    def _unless_scored(self, write: Callable[[dict[str, Any]], object]) -> bool:
        """Write under the condition that the row has no actual value. Returns False if it has one."""
        condition = {
            "ConditionExpression": "attribute_not_exists(#actual)",
            "ExpressionAttributeNames": {"#actual": Attribute.ACTUAL},
        }
        try:
            write(condition)
        except self._dynamodb.exceptions.ConditionalCheckFailedException:
            return False
        return True


def _at_once(write: Callable[[T], bool], things: Sequence[T]) -> list[bool]:
    """Call a function for all things, several at the same time; raise the first error."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(write, things))
