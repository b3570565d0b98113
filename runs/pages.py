"""Every item of a DynamoDB scan or query, whatever the number of pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any


def all_items(read: Callable[..., dict[str, Any]], **request: Any) -> Iterator[dict[str, Any]]:
    """``read`` is a table's ``scan`` or ``query``."""
    while True:
        page = read(**request)
        yield from page["Items"]
        if "LastEvaluatedKey" not in page:
            return
        request["ExclusiveStartKey"] = page["LastEvaluatedKey"]
