"""Retry policies by kind of error.

Errors that AWS can recover from are retried, each kind with its own interval. Failures of our own code are not retried, because
the same input fails in the same way. A policy has a number of attempts or an expiry, never both.
"""

from __future__ import annotations

from sagemaker.mlops.workflow.retry import (
    SageMakerJobExceptionTypeEnum,
    SageMakerJobStepRetryPolicy,
    StepExceptionTypeEnum,
    StepRetryPolicy,
)

_SERVICE = StepRetryPolicy(
    exception_types=[StepExceptionTypeEnum.SERVICE_FAULT, StepExceptionTypeEnum.THROTTLING],
    interval_seconds=10,
    backoff_rate=2.0,
    max_attempts=5,
)
_INTERNAL = SageMakerJobStepRetryPolicy(
    failure_reason_types=[SageMakerJobExceptionTypeEnum.INTERNAL_ERROR],
    interval_seconds=30,
    backoff_rate=2.0,
    max_attempts=3,
)
#: Capacity returns within minutes or hours, so this policy limits the time, not the attempts.
_CAPACITY = SageMakerJobStepRetryPolicy(
    exception_types=[SageMakerJobExceptionTypeEnum.RESOURCE_LIMIT],
    failure_reason_types=[SageMakerJobExceptionTypeEnum.CAPACITY_ERROR],
    interval_seconds=60,
    backoff_rate=1.5,
    expire_after_mins=180,
)

JOB_RETRIES = [_SERVICE, _INTERNAL, _CAPACITY]
#: Creating and registering a model starts no job.
MODEL_RETRIES = [_SERVICE]
