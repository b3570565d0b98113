from __future__ import annotations


def handle(event: object, context: object) -> object:
    return event
