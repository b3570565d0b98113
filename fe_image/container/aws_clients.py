"""boto3 clients with short timeouts. Region, endpoint and credentials come from boto3's usual sources."""

from __future__ import annotations

from typing import Any


def client(service: str, region: str | None, *, attempts: int, connect_seconds: float, read_seconds: float) -> Any:
    """Create a client in a new session, because threads must not share a session. Timeouts are in seconds."""
    import boto3
    from botocore.config import Config

    config = Config(
        connect_timeout=connect_seconds,
        read_timeout=read_seconds,
        retries={"mode": "standard", "total_max_attempts": attempts},
        user_agent_extra="forecast-training-pipeline/feature-engineering",
    )
    return boto3.session.Session(region_name=region).client(service, config=config)
