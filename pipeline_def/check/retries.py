"""Rules ``retry`` and ``cache``: what is tried again, and that nothing is handed over from another execution."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from contracts.parameters import EXECUTION_ID
from contracts.problems import nearest
from pipeline_def.check.definition import MODEL_STEPS, Definition, Step, gets
from pipeline_def.check.finding import Finding, instead, shown

STEP_ERRORS = ("Step.SERVICE_FAULT", "Step.THROTTLING")
JOB_ERRORS = ("SageMaker.JOB_INTERNAL_ERROR", "SageMaker.CAPACITY_ERROR", "SageMaker.RESOURCE_LIMIT")
#: Step types that start a job, whose failure may be retried; creating or registering a model starts none.
_JOB_STEPS = ("Processing", "Training", "Transform", "Tuning", "AutoML", "Job")
_RETRIED = (*_JOB_STEPS, "Model", "RegisterModel")
#: Member -> lowest and highest value. Source: SageMaker developer guide, "Retry policy for pipeline steps".
_RANGES = {"IntervalSeconds": (1, 43_200), "MaxAttempts": (1, 20), "ExpireAfterMin": (1, 14_400), "BackoffRate": (0, 1e6)}
_MEMBERS = ("ExceptionType", *_RANGES)
_CACHE_MEMBERS = ("Enabled", "ExpireAfter")
#: Step types that do nothing which could be handed over, or whose doing is never. Source: SageMaker developer guide, "Default
#: cache key attributes by pipeline step type", which has none for these.
_NEVER_CACHED = ("Condition", "Fail", *MODEL_STEPS)
_DURATION = re.compile(r"(?i)(?=.*\d)P?(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(\d+H)?(\d+M)?(\d+S)?)?")


def check_retries(definition: Definition) -> Iterator[Finding]:
    for step in definition.steps:
        if "RetryPolicies" not in step.raw:
            continue
        path = f"{step.path}.RetryPolicies"
        policies = step.raw["RetryPolicies"]
        if step.type not in _RETRIED:
            yield Finding("retry", step.name, path, shown(policies), f"allowed: none; a {step.type} step takes no retry policy")
        elif not isinstance(policies, list):
            yield Finding("retry", step.name, path, shown(policies), "allowed: a list of policies")
        else:
            for index, policy in enumerate(policies):
                for member, value, allowed in _policy_problems(step, policy):
                    found = shown(value) or ("null" if member in _RANGES else None)
                    yield Finding("retry", step.name, f"{path}[{index}].{member}".rstrip("."), found, allowed)


def _policy_problems(step: Step, policy: Any) -> Iterator[tuple[str, Any, str]]:
    if not isinstance(policy, Mapping):
        yield "", policy, f"allowed: an object with {', '.join(_MEMBERS)}"
        return
    for member in policy:
        if member not in _MEMBERS:
            yield str(member), str(member), nearest(str(member), _MEMBERS) or f"allowed: {', '.join(_MEMBERS)}"
    yield from _exception_problems(step, policy.get("ExceptionType"))
    if "MaxAttempts" in policy and "ExpireAfterMin" in policy:
        both = f"MaxAttempts {policy['MaxAttempts']} and ExpireAfterMin {policy['ExpireAfterMin']}"
        yield "MaxAttempts", both, "allowed: one of the two"
    for member, (low, high) in _RANGES.items():
        value: Any = policy.get(member)
        whole = member == "BackoffRate" or type(value) is int
        if member in policy and not (type(value) in (int, float) and whole and low <= value <= high):
            yield member, value, f"allowed: {'a number' if member == 'BackoffRate' else 'an integer'} from {low:g} to {high:g}"


def _exception_problems(step: Step, kinds: Any) -> Iterator[tuple[str, Any, str]]:
    if not isinstance(kinds, list) or not kinds:
        yield "ExceptionType", kinds, "allowed: a list of at least one kind of error"
        return
    known = STEP_ERRORS + (JOB_ERRORS if step.type in _JOB_STEPS else ())
    for kind in kinds:
        if kind not in known:
            hint = nearest(str(kind), known)
            yield "ExceptionType", kind, f"allowed on a {step.type} step: {', '.join(known)}" + (f"; {hint}" if hint else "")


def check_caches(definition: Definition) -> Iterator[Finding]:
    """A cache must not serve a step that is told the ExecutionId: a hit would hand over another execution's files."""
    for step in definition.steps:
        cache = step.raw.get("CacheConfig")
        if cache is None:
            continue
        path = f"{step.path}.CacheConfig"
        if not isinstance(cache, Mapping) or not isinstance(cache.get("Enabled"), bool):
            yield Finding("cache", step.name, path, shown(cache), "allowed: Enabled (true or false) and ExpireAfter")
            continue
        expiry = cache.get("ExpireAfter")
        if expiry is not None and not (isinstance(expiry, str) and _DURATION.fullmatch(expiry)):
            allowed = "allowed: an ISO 8601 duration such as P30D"
            yield Finding("cache", step.name, f"{path}.ExpireAfter", shown(expiry), allowed)
        for member in cache:
            if member not in _CACHE_MEMBERS:
                hint = instead("a member of it", str(member), _CACHE_MEMBERS)
                yield Finding("cache", step.name, f"{path}.{member}", shown(str(member)), hint)
        if step.type in _NEVER_CACHED:
            yield Finding("cache", step.name, path, shown(cache), f"allowed: none; a {step.type} step is never cached")
        if cache["Enabled"] and _knows_execution(step):
            allowed = "allowed: false, since a hit would hand one execution's files to another"
            yield Finding("cache", step.name, f"{path}.Enabled", "True", allowed)


def _knows_execution(step: Step) -> bool:
    return any(target == f"Parameters.{EXECUTION_ID}" for _, target in gets(step.arguments, ""))
