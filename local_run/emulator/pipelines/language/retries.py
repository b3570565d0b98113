"""Retry policies of a step: which failures are retried, how often, and after which delay.

Source: developer guide, "Retry policy for pipeline steps". Service faults and throttling are retried by default, everything
else only where a policy names it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from local_run.emulator.pipelines.errors import EXCEPTION_TYPES, SERVICE_FAULT, THROTTLING

INTERVAL_MAX, ATTEMPTS_MAX, EXPIRE_MAX = 43_200, 20, 14_400


@dataclass(frozen=True)
class RetryPolicy:
    """One policy. ``max_attempts`` counts retries, not the first attempt; times are in seconds."""

    kinds: tuple[str, ...]
    interval: float = 1.0
    backoff: float = 2.0
    max_attempts: int = 5
    expire_after: float | None = None

    @classmethod
    def parse(cls, item: Mapping[str, Any]) -> RetryPolicy:
        kinds = item["ExceptionType"]
        expires = item.get("ExpireAfterMin")
        return cls(
            kinds=(kinds,) if isinstance(kinds, str) else tuple(kinds),
            interval=float(item.get("IntervalSeconds", 1)),
            backoff=float(item.get("BackoffRate", 2.0)),
            # A policy has only one of the two limits. Without an expiry, the documented default applies.
            max_attempts=int(item.get("MaxAttempts", ATTEMPTS_MAX * 1000 if expires is not None else 5)),
            expire_after=None if expires is None else float(expires) * 60,
        )


_DEFAULT = RetryPolicy((SERVICE_FAULT, THROTTLING))


@dataclass
class RetryState:
    """Number of uses of each policy in a run of a step."""

    policies: Sequence[RetryPolicy]
    _used: dict[int, int] = field(default_factory=dict)

    def delay(self, kind: str | None, elapsed: float) -> float | None:
        """Return the seconds until the next attempt, or None. ``elapsed`` seconds have passed since the first attempt."""
        if kind is None:
            return None
        index, policy = self._policy(kind)
        used = self._used.get(index, 0)
        expired = policy is not None and policy.expire_after is not None and elapsed >= policy.expire_after
        if policy is None or used >= policy.max_attempts or expired:
            return None
        self._used[index] = used + 1
        return policy.interval * policy.backoff**used

    def _policy(self, kind: str) -> tuple[int, RetryPolicy | None]:
        for index, policy in enumerate((*self.policies, _DEFAULT)):
            if kind in policy.kinds:
                return index, policy
        return -1, None


def policy_problems(policies: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Return what SageMaker rejects in a step's retry policies."""
    for item in policies:
        kinds = item.get("ExceptionType")
        for kind in [kinds] if isinstance(kinds, str) else kinds or [None]:
            if kind not in EXCEPTION_TYPES:
                yield f"ExceptionType {kind!r} is unknown; known: {', '.join(EXCEPTION_TYPES)}"
        if "MaxAttempts" in item and "ExpireAfterMin" in item:
            yield "MaxAttempts and ExpireAfterMin exclude one another"
        for name, least, most in (
            ("MaxAttempts", 0, ATTEMPTS_MAX),
            ("ExpireAfterMin", 0, EXPIRE_MAX),
            ("IntervalSeconds", 0, INTERVAL_MAX),
            ("BackoffRate", 0, float("inf")),
        ):
            value = item.get(name)
            if value is not None and (not isinstance(value, (int, float)) or not least <= value <= most):
                yield f"{name} is {value!r}; allowed: {least} to {most:g}"
