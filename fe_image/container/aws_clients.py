"""boto3 clients with bounded patience. Region, endpoint and credentials are boto3's to find; nothing is hard-coded."""

from __future__ import annotations

from typing import Any


def client(service: str, region: str | None, *, attempts: int, connect_seconds: float, read_seconds: float) -> Any:
    """A client of its own session, so that threads share none."""
    import boto3
    from botocore.config import Config

    config = Config(
        connect_timeout=connect_seconds,
        read_timeout=read_seconds,
        retries={"mode": "standard", "total_max_attempts": attempts},
        user_agent_extra="forecast-training-pipeline/feature-engineering",
    )
    return boto3.session.Session(region_name=region).client(service, config=config)
