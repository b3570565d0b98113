"""Pages of lists. NextToken is the opaque position after the last item."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from local_run.emulator.pipelines.errors import validation

PAGE_ITEMS = 100


def page(items: Sequence[Any], request: Mapping[str, Any], member: str) -> dict[str, Any]:
    """Return the response with the page of ``items`` for the request's MaxResults (1 to 100) and NextToken."""
    size = request.get("MaxResults", PAGE_ITEMS)
    if not isinstance(size, int) or not 1 <= size <= PAGE_ITEMS:
        raise validation(f"Value '{size}' at 'maxResults' failed to satisfy constraint: allowed are 1 to {PAGE_ITEMS}")
    token = request.get("NextToken") or "0"
    if not str(token).isdigit() or int(token) > len(items):
        raise validation(f"Invalid pagination token {token!r}")
    start = int(token)
    response: dict[str, Any] = {member: list(items[start : start + size])}
    if start + size < len(items):
        response["NextToken"] = str(start + size)
    return response
