"""Recognises secrets by the form of a value, or by its name."""

from __future__ import annotations

import binascii
import re
from base64 import b64decode

_SHAPES = re.compile(
    r"(?:\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"  # AWS access key id
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"|\bgh[pousr]_[A-Za-z0-9]{36,}|\bgithub_pat_[A-Za-z0-9_]{22,}|\bglpat-[A-Za-z0-9_\-]{20,}"
    r"|\bxox[abprs]-[A-Za-z0-9-]{10,}|hooks\.slack\.com/services/T\w+/B\w+/\w+"
    r"|\bsk-[A-Za-z0-9_\-]{20,}|\b[rs]k_(?:live|test)_[A-Za-z0-9]{16,}|\bpul-[0-9a-f]{40}\b"
    r"|\bnpm_[A-Za-z0-9]{36}\b|\bSG\.[A-Za-z0-9_\-]{16,}\.[A-Za-z0-9_\-]{32,}|\bdapi[0-9a-f]{32}\b"
    r"|\bdiscord(?:app)?\.com/api/webhooks/\d+/[A-Za-z0-9_\-]{30,}"
    r"|[?&]sig=[A-Za-z0-9%+/]{12,}"  # signature of a shared access to Azure storage
    r"|\bhf_[A-Za-z0-9]{30,}|\bAIza[0-9A-Za-z_\-]{35}\b|\bpypi-[A-Za-z0-9_\-]{50,}"
    r"|\beyJ[A-Za-z0-9_\-]{10,}\.[A-Za-z0-9_\-]{10,}\.[A-Za-z0-9_\-]{5,}"  # JSON web token
    r"|\b[a-z][a-z0-9+.\-]*://[^/\s:@]*:[^/\s@]+@"  # user:password or :password in a URL
    r"|\bBearer\s+(?=\S*[0-9=])[A-Za-z0-9+/._~\-]{8,}"  # value of an Authorization header
    r"|\"auth\"\s*:\s*\"[A-Za-z0-9+/]{8,}={0,2}\""  # a registry's login in Docker's configuration
    r"|(?i:\b(?:password|pwd|account_?key|shared_?access_?key)\s*=\s*)(?![<{$*\s])[^\s;,&'\"]{3,})"  # connection string
)
_BASIC = re.compile(r"\bBasic\s+([A-Za-z0-9+/]{4,}={0,2})")
_AWS_SECRET_KEY = re.compile(
    r"(?:^|(?<==))(?=[^a-z]{0,39}[a-z])(?=[^A-Z]{0,39}[A-Z])(?=[^0-9]{0,39}[0-9])[A-Za-z0-9/+]{40}(?:$|(?![A-Za-z0-9/+=]))"
)

#: Words for a password at the end of a name. The value is a secret even if it is a number.
_PASSWORD = r"passw(?:or)?ds?|passphrase|(?:^|[-_])pass|pwd|(?:^|[-_])pw|secret"  # noqa: S105
_WORDS = re.compile(
    rf"(?i)passw(?:or)?d|passphrase|(?:{_PASSWORD})$|secret(?!ar)|credential|connection[-_]?string|^(?:proxy[-_]?)?auth(?:orization)?$"
    r"|(?:api|access|private|signing|encryption|hmac|account|storage|master|deploy|ssh)[-_]?key"
    r"|pgpass|(?:^|[-_])(?:pat|cred)s?$|(?-i:[a-z]Pat$)"
    r"|(?:auth|access|bearer|session|api|refresh|id|secret)[-_]?token|^tokens?$|[-_]token$"
)
_ENDS_IN_PASSWORD = re.compile(rf"(?i)(?:{_PASSWORD})$")
#: Special tokens of language models.
_SPECIAL_TOKEN = re.compile(r"(?i)(?:^|[-_])(?:pad|eos|bos|unk|sep|cls|mask|start|stop|end|special)[-_]token$")
#: Endings of names that refer to a secret instead of containing it. An access key's id is part of the secret.
_REFERS_TO_SECRET = re.compile(
    r"(?i)(?:arn|name|(?<!access_key_)(?<!access-key-)(?<!accesskey)id|uri|url|path|file|prefix|version|region"
    r"|param(?:eter)?s?|ssm|mode|type|provider|backend|policy|method|store)$"
)
#: Values that refer to a secret. The last alternative is a parameter's name in AWS's store, or a file name.
_REFERENCE = re.compile(
    r"(?i:arn:|s3://|alias/|/aws/reference/secretsmanager/|(?:true|false)$)|/(?:[a-z][a-z0-9_.\-]*/)+[a-z][a-z0-9_.\-]*$"
)
_AUTH = re.compile(r"(?i)^(?:proxy[-_]?)?auth(?:orization)?$")
#: Methods of authentication, which names such as AUTH can have as value.
_WAY = re.compile(
    r"(?i)(?:none|no|off|on|yes|enabled|disabled|optional|required|anonymous|basic|bearer|digest|iam|aws[-_]iam|role|instance|ldap"
    r"|kerberos|oauth2?|oidc|openid|saml|sso|jwt|tls|mtls|trust|peer|md5|scram(?:-sha-(?:1|256|512))?)$"
)


def is_secret_value(text: str) -> bool:
    """True if the text has the form of a key, a token or a password in a URL."""
    return _SHAPES.search(text) is not None or _AWS_SECRET_KEY.search(text) is not None or _is_basic(text)


def _is_basic(text: str) -> bool:
    """True for the value of an Authorization header. ``Basic`` is also an English word, so the text after it is decoded."""
    return any(":" in _decoded(match[1].rstrip("=")) for match in _BASIC.finditer(text))


def _decoded(text: str) -> str:
    try:
        decoded = b64decode(text + "=" * (-len(text) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return decoded if decoded.isprintable() else ""


def is_secret_name(name: str) -> bool:
    """True if a value with this name would be a secret."""
    return _WORDS.search(name) is not None and _REFERS_TO_SECRET.search(name) is None and _SPECIAL_TOKEN.search(name) is None


def is_secret(name: str, value: object) -> bool:
    """True if a value with a name must not be in a definition.

    References and empty text are allowed, and so are numbers and switches unless the name ends in a word for a password.
    """
    if not isinstance(value, str) or not value:
        return False
    if is_secret_value(value):
        return True
    if not is_secret_name(name) or _REFERENCE.match(value) or (_AUTH.match(name) and _WAY.match(value)):
        return False
    return not value.replace(".", "").isdigit() or _ENDS_IN_PASSWORD.search(name) is not None
