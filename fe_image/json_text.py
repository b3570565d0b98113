"""JSON as all files of the steps have it."""

from __future__ import annotations

import orjson


def json_bytes(content: object) -> bytes:
    """Return indented JSON; NaN becomes null."""
    return orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY) + b"\n"
