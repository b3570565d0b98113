"""The emulator's own request, which AWS does not have: let time pass.

``POST /_emulator/advance`` with ``{"seconds": number}``. The caller shows the emulator's secret, so that a page in a browser on
this machine cannot send it.
"""

from __future__ import annotations

import hmac
import json
import urllib.request
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from contracts.problems import one_problem
from local_run.emulator.access import EVENTS_ACTOR, AwsAccess
from local_run.emulator.clock import Clock
from local_run.emulator.wsgi import Answer

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

PATH = "/_emulator/advance"
_THIS_MACHINE = ("127.0.0.1", "localhost")
_SECRET = "AWS_SECRET_ACCESS_KEY"  # noqa: S105 - the name of a variable
#: An advance ends after all that it started; a year of trainings takes long.
_ANSWER_SECONDS = 24 * 3600


class AdvanceApi:
    """Answers the request."""

    def __init__(self, aws: AwsAccess, clock: Clock) -> None:
        self._secret = aws.environment(EVENTS_ACTOR)[_SECRET]
        self._clock = clock

    def __call__(self, environ: WSGIEnvironment, body: bytes) -> Answer:
        if not hmac.compare_digest(environ.get("HTTP_X_EMULATOR_SECRET", ""), self._secret):
            return _json(403, {"message": "the header X-Emulator-Secret must be the emulator's AWS_SECRET_ACCESS_KEY"})
        try:
            duration = timedelta(seconds=float(json.loads(body)["seconds"]))
        except (KeyError, OverflowError, TypeError, ValueError) as error:
            return _json(400, {"message": f'the body must be {{"seconds": number}}: {error}'})
        fired = [{"name": one.name, "due": one.due.isoformat()} for one in self._clock.advance(duration)]
        return _json(200, {"fired": fired, "now": datetime.now(UTC).isoformat()})


def advanced(variables: Mapping[str, str], duration: timedelta) -> dict[str, Any]:
    """Let time pass on the emulator that the variables (``AWS_ENDPOINT_URL`` and its secret) name; return its answer.

    Raises:
        ProblemsError: the variables are missing or name something else, or nothing answers there.
    """
    endpoint = variables.get("AWS_ENDPOINT_URL", "")
    if urlsplit(endpoint).hostname not in _THIS_MACHINE or _SECRET not in variables:
        allowed = "allowed: an emulator on this machine; paste the export line that `python -m local_run up` prints"
        raise one_problem("advance", "AWS_ENDPOINT_URL", endpoint or None, allowed)
    body = json.dumps({"seconds": duration.total_seconds()}).encode()
    headers = {"Content-Type": "application/json", "X-Emulator-Secret": variables[_SECRET]}
    request = urllib.request.Request(f"{endpoint.rstrip('/')}{PATH}", body, headers)  # noqa: S310 - this machine
    try:
        with urllib.request.urlopen(request, timeout=_ANSWER_SECONDS) as response:  # noqa: S310
            answer: dict[str, Any] = json.load(response)
    except (OSError, ValueError) as error:
        allowed = f"no emulator answers there ({error}). Start one with `python -m local_run up` and paste its export line"
        raise one_problem("advance", "AWS_ENDPOINT_URL", endpoint, allowed) from error
    return answer


def _json(status: int, body: Mapping[str, Any]) -> Answer:
    return status, {"Content-Type": "application/json"}, json.dumps(body).encode()
