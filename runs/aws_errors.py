"""Kinds of errors that AWS answers: what passes by itself, and what is missing."""

from __future__ import annotations

from botocore.exceptions import ClientError

#: Source: AWS SDKs and tools reference guide, "Retry behavior", and the services' lists of common errors.
_THROTTLING = frozenset(
    {
        "BandwidthLimitExceeded",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    }
)
_UNAVAILABLE = frozenset(
    {
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "InternalServerException",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceUnavailable",
        "ServiceUnavailableException",
    }
)
#: A head request has no body, so its error has only a number.
_NO_OBJECT = frozenset({"404", "NoSuchKey", "NoSuchVersion", "NotFound"})


def code_of(error: ClientError) -> str:
    """Return the error's code, such as ``ThrottlingException``."""
    return str(error.response.get("Error", {}).get("Code", ""))


def message_of(error: ClientError) -> str:
    """Return AWS's own message."""
    return str(error.response.get("Error", {}).get("Message", ""))


def is_throttled(error: ClientError) -> bool:
    """True if AWS asks for fewer requests."""
    return code_of(error) in _THROTTLING or _http_status(error) == 429


def is_transient(error: ClientError) -> bool:
    """True if the same request can succeed later without anybody changing anything."""
    return is_throttled(error) or code_of(error) in _UNAVAILABLE or _http_status(error) >= 500


def is_missing_object(error: ClientError) -> bool:
    """True if S3 answers that an object does not exist."""
    return code_of(error) in _NO_OBJECT


def is_forbidden(error: ClientError) -> bool:
    """True if S3 denies access. It also denies it for a missing object if the caller may not list the bucket."""
    return code_of(error) in ("403", "AccessDenied", "Forbidden")


def _http_status(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
