"""Errors of the emulator: responses to API callers, and failures of steps."""

from __future__ import annotations

#: Longest failure reason; the limit of botocore's model of ListPipelineExecutionSteps.
FAILURE_REASON_CHARS = 1024


class ApiError(Exception):
    """An error response: AWS's error code and message, HTTP 400."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        self.message = message
        super().__init__(f"{code}: {message}")


def validation(message: str) -> ApiError:
    return ApiError("ValidationException", message)


def not_found(message: str) -> ApiError:
    return ApiError("ResourceNotFound", message)


def conflict(message: str) -> ApiError:
    return ApiError("ConflictException", message)


class StepFailedError(Exception):
    """A step failed. ``kind`` is the retry policies' exception type; None if it is never retried."""

    def __init__(self, reason: str, kind: str | None = None) -> None:
        self.reason = reason[:FAILURE_REASON_CHARS]
        self.kind = kind
        super().__init__(self.reason)


class StepStoppedError(Exception):
    """The execution was stopped while the step ran or waited."""


SERVICE_FAULT = "Step.SERVICE_FAULT"
THROTTLING = "Step.THROTTLING"
JOB_INTERNAL_ERROR = "SageMaker.JOB_INTERNAL_ERROR"
CAPACITY_ERROR = "SageMaker.CAPACITY_ERROR"
RESOURCE_LIMIT = "SageMaker.RESOURCE_LIMIT"
EXCEPTION_TYPES = (SERVICE_FAULT, THROTTLING, JOB_INTERNAL_ERROR, CAPACITY_ERROR, RESOURCE_LIMIT)
