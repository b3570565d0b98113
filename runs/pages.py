"""Every entry of a list that AWS answers in pages, read with boto3's own paginators."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def all_items(table: Any, operation: str, **request: Any) -> Iterator[dict[str, Any]]:
    """Yield every item of a DynamoDB ``scan`` or ``query`` of a table resource, attributes as plain Python values."""
    yield from all_entries(table.meta.client, operation, "Items", TableName=table.name, **request)


def all_entries(client: Any, operation: str, member: str, **request: Any) -> Iterator[dict[str, Any]]:
    """Yield every entry of the list ``member`` in all pages of a client's operation."""
    for page in client.get_paginator(operation).paginate(**request):
        yield from page.get(member, [])
