"""Actors that call the emulator. Each one has its own access key id, which identifies the caller of every request."""

from __future__ import annotations

import functools
import os
import re
from typing import Any

import boto3
import botocore.session
from botocore.config import Config

#: The actor that creates a deployment's resources.
DEPLOYER = "deployer"
_KEY_PREFIX = "AKIALOCAL"
_ACTOR = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def access_key(actor: str) -> str:
    """Return the fake access key id of an actor, such as ``deployer``, ``processing`` or ``handler-events``."""
    if not _ACTOR.fullmatch(actor):
        raise ValueError(f"actor {actor!r}: allowed are lower-case words joined by hyphens")
    return _KEY_PREFIX + actor.upper().replace("-", "_")


def actor_of(access_key_id: str) -> str | None:
    """Return the actor of an access key id; None if it is not one of :func:`access_key`."""
    actor = access_key_id.removeprefix(_KEY_PREFIX).lower().replace("_", "-")
    return actor if access_key_id.startswith(_KEY_PREFIX) and _ACTOR.fullmatch(actor) else None


def actor_client(service: str, actor: str, region: str, endpoint: str, secret: str) -> Any:
    """Create a boto3 client of the emulator at ``endpoint``. It ignores AWS and proxy settings of the environment."""
    config = Config(
        retries={"total_max_attempts": 2},
        connect_timeout=5,
        read_timeout=60,
        max_pool_connections=32,
        proxies={"http": "", "https": ""},
        s3={"addressing_style": "path"},
    )
    return _session().client(
        service,
        region_name=region,
        endpoint_url=endpoint,
        aws_access_key_id=access_key(actor),
        aws_secret_access_key=secret,
        config=config,
    )


@functools.cache
def _session() -> Any:
    """Create a session that ignores the developer's profile and AWS files. It caches service models."""
    nowhere = (None, None, os.devnull, None)
    variables: dict[str, tuple[Any, ...]] = {"config_file": nowhere, "credentials_file": nowhere}
    variables["profile"] = (None, [], None, None)
    return boto3.Session(botocore_session=botocore.session.Session(session_vars=variables))
