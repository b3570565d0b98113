"""GitHub's REST API, as far as a comment needs it: pull requests, and comments of one. Bounded retries, no redirects."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import urllib3
from urllib3.exceptions import HTTPError

from contracts.display import printable_line
from contracts.problems import one_problem

API_VERSION = "2022-11-28"
PAGE_SIZE = 100
#: Pages read at most: 10,000 comments.
MAX_PAGES = 100
MAX_ANSWER_BYTES = 32 * 1024 * 1024
ATTEMPTS = 5
_RETRIED = (429, 500, 502, 503, 504)
_REPOSITORY = re.compile(r"(?!\.)[A-Za-z0-9_.-]{1,100}/(?!\.)[A-Za-z0-9_.-]{1,100}")
_FORBIDDEN, _NOT_FOUND = 403, 404


class Retries(urllib3.Retry):
    """Also retries 403 with ``Retry-After``, which is GitHub's secondary rate limit; a plain 403 is final."""

    def is_retry(self, method: str, status_code: int, has_retry_after: bool = False) -> bool:
        limited = status_code == _FORBIDDEN and has_retry_after and self._is_method_retryable(method)
        return limited or super().is_retry(method, status_code, has_retry_after)


@dataclass(frozen=True)
class Comment:
    id: int
    author: str
    body: str


class UncertainError(Exception):
    """A comment may or may not have been created."""


class GitHub:
    """One repository. ``pause`` is the first pause between attempts in seconds; each further one is twice as long.

    All methods raise ProblemsError if GitHub refuses or does not answer.
    """

    def __init__(self, repository: str, token: str, api_url: str = "https://api.github.com", pause: float = 1.0) -> None:
        if not _REPOSITORY.fullmatch(repository):
            raise one_problem("GitHub", "repository", repository, "allowed: owner/name")
        if not re.match(r"https://|http://(?:127\.0\.0\.1|localhost)[:/]", api_url):
            raise one_problem("GitHub", "GITHUB_API_URL", api_url, "allowed: an https URL, because the token is sent to it")
        self._base = f"{api_url.rstrip('/')}/repos/{repository}"
        self._headers = {
            "Authorization": f"Bearer {token}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": API_VERSION,
            "User-Agent": "deploy-service",
        }
        # POST is left out: after an answer that was lost, the caller looks whether the comment exists.
        self._retries = Retries(
            total=ATTEMPTS - 1,
            redirect=False,
            status_forcelist=_RETRIED,
            allowed_methods=("GET", "PATCH", "DELETE"),
            backoff_factor=pause,
            respect_retry_after_header=True,
            raise_on_status=False,
        )
        self._http = urllib3.PoolManager(timeout=urllib3.Timeout(connect=10, read=30))

    def comments(self, pull_request: int) -> Iterator[Comment]:
        """All comments of a pull request, from all pages, oldest first."""
        for page in range(1, MAX_PAGES + 1):
            items = self._call("GET", f"/issues/{pull_request}/comments?per_page={PAGE_SIZE}&page={page}")
            yield from (_comment(item) for item in items)
            if len(items) < PAGE_SIZE:
                return

    def create(self, pull_request: int, body: str) -> Comment:
        """Create a comment.

        Raises:
            UncertainError: GitHub failed in a way that leaves open whether the comment exists.
        """
        return _comment(self._call("POST", f"/issues/{pull_request}/comments", {"body": body}))

    def update(self, comment: int, body: str) -> None:
        self._call("PATCH", f"/issues/comments/{comment}", {"body": body})

    def delete(self, comment: int) -> None:
        self._call("DELETE", f"/issues/comments/{comment}")

    def pull_requests_of(self, commit: str) -> list[tuple[int, str]]:
        """Number and newest commit of the pull requests of this repository that contain a commit."""
        return _numbers(self._call("GET", f"/commits/{commit}/pulls?per_page={PAGE_SIZE}"))

    def pull_requests_from(self, branch: str) -> list[tuple[int, str]]:
        """Number and newest commit of the open pull requests from ``owner:branch``, forks included."""
        return _numbers(self._call("GET", f"/pulls?state=open&per_page={PAGE_SIZE}&head={quote(branch, safe='')}"))

    def _call(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Any:
        content = json.dumps(body).encode() if body is not None else None
        retries = self._retries if method != "POST" else False
        try:
            answer = self._http.request(
                method, self._base + path, body=content, headers=self._headers, retries=retries, preload_content=False,
                redirect=False,
            )  # fmt: skip
            data = answer.read(MAX_ANSWER_BYTES)
            answer.release_conn()
        except HTTPError as error:
            if method == "POST":
                raise UncertainError(type(error).__name__) from error
            allowed = f"it must answer; {ATTEMPTS} attempts failed ({type(error).__name__})"
            raise one_problem("GitHub", "API", _shown(path), allowed) from error
        if method == "POST" and answer.status in _RETRIED:
            raise UncertainError(f"status {answer.status}")
        if not 200 <= answer.status < 300:
            raise one_problem("GitHub", f"{method} {_shown(path)}", answer.status, _advice(answer.status, answer.headers, data))
        return json.loads(data) if data else None


def _comment(item: Mapping[str, Any]) -> Comment:
    return Comment(int(item["id"]), str((item.get("user") or {}).get("login", "")), str(item.get("body") or ""))


def _numbers(items: list[Mapping[str, Any]]) -> list[tuple[int, str]]:
    return [(int(item["number"]), str(item["head"]["sha"])) for item in items]


def _shown(path: str) -> str:
    return path.partition("?")[0]


def _advice(status: int, headers: Mapping[str, str], data: bytes) -> str:
    said = _message(data)
    if status == _FORBIDDEN and headers.get("x-ratelimit-remaining") == "0":
        reset = headers.get("x-ratelimit-reset", "")
        return f"the rate limit is used up; run it again after {_time(reset)}"
    if status in (401, _FORBIDDEN):
        return (
            "the token needs the permission `pull-requests: write` on this repository; jobs of a fork's pull request "
            f"never have it (GitHub says: {said})"
        )
    if status == _NOT_FOUND:
        return f"it does not exist, or the token may not see it (GitHub says: {said})"
    return f"GitHub says: {said}"


def _message(data: bytes) -> str:
    try:
        message = json.loads(data).get("message", "")
    except (ValueError, AttributeError):
        message = ""
    return printable_line(message)[:200] or "nothing"


def _time(epoch: str) -> str:
    if not epoch.isdecimal() or len(epoch) > 10:
        return "an hour"
    return f"{datetime.fromtimestamp(int(epoch), UTC):%Y-%m-%d %H:%M} UTC"
