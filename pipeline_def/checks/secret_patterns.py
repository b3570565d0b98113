"""What looks like a secret: by the value's own shape, or by the name it stands under."""

from __future__ import annotations

import re

_SHAPES = re.compile(
    r"(?:\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"  # AWS access key id
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"|\bgh[pousr]_[A-Za-z0-9]{36,}|\bgithub_pat_[A-Za-z0-9_]{22,}|\bglpat-[A-Za-z0-9_\-]{20,}"
    r"|\bxox[abprs]-[A-Za-z0-9-]{10,}"
    r"|\bsk-[A-Za-z0-9_\-]{20,}|\bhf_[A-Za-z0-9]{30,}|\bAIza[0-9A-Za-z_\-]{35}\b|\bpypi-[A-Za-z0-9_\-]{50,}"
    r"|\beyJ[A-Za-z0-9_\-]{10,}\.[A-Za-z0-9_\-]{10,}\.[A-Za-z0-9_\-]{5,}"  # JSON web token
    r"|\b[a-z][a-z0-9+.\-]*://[^/\s:@]+:[^/\s@]+@)"  # user:password in a URL
)
_AWS_SECRET_KEY = re.compile(r"(?=[^a-z]*[a-z])(?=[^A-Z]*[A-Z])(?=[^0-9]*[0-9])[A-Za-z0-9/+]{40}")

_WORDS = re.compile(
    r"(?i)passw(?:or)?d|pwd$|secret|credential|api[-_]?key|access[-_]?key|private[-_]?key"
    r"|(?:auth|access|bearer|session|api|refresh|id|secret)[-_]?token|^token$|[-_]token$"
)
#: A name that goes on like this says where the secret lies, not what it is.
_WHERE_IT_LIES = re.compile(r"(?i)(?:arn|name|id|uri|url|path|file|prefix|version|region)$")
_REFERENCE = re.compile(r"(?i)arn:|s3://|/aws/reference/secretsmanager/")


def is_secret_value(text: str) -> bool:
    """Whether the text itself has the shape of a key, a token or a password in a URL."""
    return _SHAPES.search(text) is not None or _AWS_SECRET_KEY.fullmatch(text) is not None


def is_secret_name(name: str) -> bool:
    """Whether what stands under this name would be a secret."""
    return _WORDS.search(name) is not None and (_WHERE_IT_LIES.search(name) is None or "key" in name.lower())


def is_secret(name: str, value: object) -> bool:
    """Whether a value under a name should never stand in a definition; references, numbers and empty texts may."""
    if not isinstance(value, str) or not value:
        return False
    if is_secret_value(value):
        return True
    return is_secret_name(name) and _REFERENCE.match(value) is None and not value.replace(".", "").isdigit()
