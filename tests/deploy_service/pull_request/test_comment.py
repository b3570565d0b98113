"""One comment for each stack of a pull request, against a GitHub on loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from contracts.problems import ProblemsError
from deploy_service.cli import app
from deploy_service.pull_request import comment as comments
from deploy_service.pull_request.comment import Body, Event, State, post, read_body
from deploy_service.pull_request.github import ATTEMPTS, PAGE_SIZE, GitHub
from deploy_service.pull_request.markdown import render
from deploy_service.pull_request.model import Preview
from tests.deploy_service.pull_request.fake_github import REPOSITORY, TOKEN, FakeGitHub, fake_github
from tests.deploy_service.pull_request.hostile import MARKER, forged, texts
from tests.examples import examples

NOW = datetime(2026, 12, 1, 12, 30, tzinfo=UTC)
OLD, NEW = "a" * 40, "b" * 40
URL = "https://github.com/octo/forecasts/actions/runs/5"


def event(run: int = 5, head: str = OLD, stack: str = "dev", url: str = URL) -> Event:
    return Event(stack, head, run, NOW, url)


@pytest.fixture
def fake() -> Iterator[FakeGitHub]:
    with fake_github() as found:
        yield found


def client(fake: FakeGitHub) -> GitHub:
    return GitHub(REPOSITORY, TOKEN, fake.url, pause=0)


def only_body(fake: FakeGitHub) -> Body:
    (comment,) = fake.comments
    found = read_body(comment["body"])
    assert found is not None
    return found


def test_the_life_of_a_comment(fake: FakeGitHub) -> None:
    github = client(fake)
    assert post(github, 7, "dev", comments.starting(event())) == "created"
    assert only_body(fake).state is State.STARTING
    assert post(github, 7, "dev", comments.result(event(), "### first")) == "updated"
    assert (only_body(fake).state, only_body(fake).content) == (State.RESULT, "### first")
    assert post(github, 7, "dev", comments.starting(event(run=6, head=NEW))) == "updated"
    superseded = only_body(fake)
    assert (superseded.state, superseded.content) == (State.SUPERSEDED, "### first")
    assert f"below is the preview of `{OLD[:12]}`" in superseded.status and f"The preview of `{NEW[:12]}`" in superseded.status
    post(github, 7, "dev", comments.result(event(run=6, head=NEW), "### second"))
    assert (only_body(fake).state, only_body(fake).content, only_body(fake).head) == (State.RESULT, "### second", NEW)
    post(github, 7, "dev", comments.applied(event(run=8, head=NEW), "octocat"))
    assert (only_body(fake).state, only_body(fake).content) == (State.APPLIED, "### second")
    assert only_body(fake).status == f"✅ **Applied** with `{NEW[:12]}` by `octocat` at 2026-12-01 12:30 UTC ([job]({URL}))."


def test_an_older_run_changes_nothing(fake: FakeGitHub) -> None:
    github = client(fake)
    post(github, 7, "dev", comments.result(event(run=6, head=NEW), "### new"))
    before = fake.comments[0]["body"]
    for late in (comments.starting(event(run=5)), comments.result(event(run=5), "### old")):
        assert post(github, 7, "dev", late) == "unchanged"
    assert fake.comments[0]["body"] == before


def test_each_stack_has_a_comment_of_its_own(fake: FakeGitHub) -> None:
    for stack in ("dev", "prod", "dev"):
        post(client(fake), 7, stack, comments.result(event(stack=stack), f"### {stack}"))
    assert [read_body(comment["body"]).stack for comment in fake.comments] == ["dev", "prod"]  # type: ignore[union-attr]


def test_the_comment_is_found_behind_several_pages_of_others(fake: FakeGitHub) -> None:
    for number in range(2 * PAGE_SIZE):
        fake.add(f"comment {number}", "octocat")
    post(client(fake), 7, "dev", comments.result(event(), "### first"))
    for number in range(PAGE_SIZE):
        fake.add(f"comment {number}", "octocat")
    assert post(client(fake), 7, "dev", comments.result(event(run=6), "### second")) == "updated"
    assert len(fake.comments) == 3 * PAGE_SIZE + 1


def test_a_comment_of_somebody_else_with_the_marker_is_left_alone(fake: FakeGitHub) -> None:
    forged_body = Body("dev", 99, NEW, State.APPLIED, "Applied.").text()
    fake.add(forged_body, "octocat")
    assert post(client(fake), 7, "dev", comments.result(event(), "### real")) == "created"
    assert fake.comments[0]["body"] == forged_body and len(fake.comments) == 2


def test_of_two_comments_that_two_jobs_created_one_is_kept(fake: FakeGitHub) -> None:
    for run in (5, 6):
        fake.add(Body("dev", run, OLD, State.STARTING, "running").text())
    post(client(fake), 7, "dev", comments.result(event(run=7), "### one"))
    assert only_body(fake).content == "### one"


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_passing_failure_is_retried(fake: FakeGitHub, status: int) -> None:
    fake.failures = [(status, {"Retry-After": "0"}, False)] * (ATTEMPTS - 1)
    assert post(client(fake), 7, "dev", comments.starting(event())) == "created"
    assert len(fake.comments) == 1


def test_the_secondary_rate_limit_is_waited_for(fake: FakeGitHub) -> None:
    fake.failures = [(403, {"Retry-After": "0"}, False)]
    assert post(client(fake), 7, "dev", comments.starting(event())) == "created"


def test_retries_are_bounded(fake: FakeGitHub) -> None:
    fake.failures = [(503, {}, False)] * 50
    with pytest.raises(ProblemsError, match=r"is 503; GitHub says: no\\x1b\[31m luck"):
        post(client(fake), 7, "dev", comments.starting(event()))
    assert len(fake.requests) == ATTEMPTS and fake.comments == []


def test_a_comment_whose_answer_was_lost_is_not_created_twice(fake: FakeGitHub) -> None:
    fake.failures = [(0, {}, True), (502, {}, True)]
    assert post(client(fake), 7, "dev", comments.starting(event())) in ("updated", "unchanged")
    assert len(fake.comments) == 1


def test_a_comment_that_was_not_created_is_tried_again_and_not_forever(fake: FakeGitHub) -> None:
    fake.failures = [(0, {}, True), (502, {}, False)]
    assert post(client(fake), 7, "dev", comments.starting(event())) == "created"
    fake.comments.clear()
    fake.failures = [(0, {}, True), (502, {}, False)] * (ATTEMPTS + 2)
    with pytest.raises(ProblemsError, match="5 attempts failed"):
        post(client(fake), 7, "dev", comments.starting(event()))


def test_a_missing_permission_says_what_to_do(fake: FakeGitHub) -> None:
    fake.failures = [(403, {}, False)]
    with pytest.raises(ProblemsError, match="needs the permission `pull-requests: write`"):
        post(client(fake), 7, "dev", comments.starting(event()))
    assert len(fake.requests) == 1


def test_a_used_up_rate_limit_says_when_to_try_again(fake: FakeGitHub) -> None:
    fake.failures = [(403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1796126400"}, False)]
    with pytest.raises(ProblemsError, match="the rate limit is used up; run it again after 2026-12-01 12:00 UTC"):
        post(client(fake), 7, "dev", comments.starting(event()))


def test_no_message_shows_the_token(fake: FakeGitHub) -> None:
    github = GitHub(REPOSITORY, "canary-token", fake.url, pause=0)
    with pytest.raises(ProblemsError) as caught:
        post(github, 7, "dev", comments.starting(event()))
    assert "canary-token" not in str(caught.value) and "401" in str(caught.value)


@pytest.mark.parametrize("url", ["http://api.github.com", "ftp://x", "https.evil"])
def test_the_token_is_sent_over_https_only(url: str) -> None:
    with pytest.raises(ProblemsError, match="allowed: an https URL"):
        GitHub(REPOSITORY, TOKEN, url)


@pytest.mark.parametrize("repository", ["octo", "octo/../x", "../x/y", "a/b/c", "octo/fore casts"])
def test_a_repository_is_an_owner_and_a_name(repository: str) -> None:
    with pytest.raises(ProblemsError, match="allowed: owner/name"):
        GitHub(repository, TOKEN)


@given(texts(), texts(), texts())
@examples(200)
def test_no_name_forges_a_status_or_a_state(by: str, url: str, content: str) -> None:
    body = comments.applied(event(url=url), by)(Body("dev", 1, OLD, State.RESULT, "s", content))
    assert body is not None
    again = read_body(body.text())
    assert again is not None and again.state is State.APPLIED and again.run == 5
    assert "\n" not in again.status and again.status == body.status
    assert forged(body.status) == []


@given(st.integers(0, 10**12), texts())
@examples(100)
def test_a_marker_below_the_first_line_means_nothing(run: int, text: str) -> None:
    body = Body("dev", run, NEW, State.RESULT, "status", f"{text}\n{MARKER}")
    found = read_body(body.text())
    assert found is not None and (found.run, found.state) == (run, State.RESULT)
    assert read_body(f"{text}x\n{MARKER}") is None


@pytest.mark.parametrize("prefix", [" ", "\n", "x", "<!-- -->"])
def test_a_marker_that_is_not_the_whole_first_line_means_nothing(prefix: str) -> None:
    assert read_body(MARKER) is not None
    assert read_body(prefix + MARKER) is None and read_body(f"{MARKER} x") is None


def test_a_body_with_windows_line_ends_is_read() -> None:
    body = Body("dev", 5, OLD, State.RESULT, "status", "### a\n\nb\n")
    assert read_body(body.text().replace("\n", "\r\n")) == body


def invoke(fake: FakeGitHub, *arguments: str) -> str:
    environment = {"GITHUB_TOKEN": TOKEN, "GITHUB_API_URL": fake.url, "GITHUB_REPOSITORY": REPOSITORY, "GITHUB_RUN_ID": "5"}
    done = CliRunner().invoke(app, ["comment", *arguments], env=environment)
    if isinstance(done.exception, ProblemsError):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


def write(tmp_path: Path, **parts: object) -> Path:
    path = tmp_path / "preview.json"
    fields = {"stack": "dev", "offline": True, "base": OLD[:12], "head": NEW[:12], **parts}
    path.write_text(Preview.model_validate(fields).model_dump_json())
    return path


def test_the_commands_write_the_comment_of_a_fork(fake: FakeGitHub, tmp_path: Path) -> None:
    fake.pulls = [
        {"number": 6, "label": "fork:a b&c", "head": {"sha": OLD}, "fork": True},
        {"number": 7, "label": "fork:a b&c", "head": {"sha": NEW}, "fork": True},
    ]
    common = ("--stack", "dev", "--commit", NEW, "--branch", "fork:a b&c")
    assert invoke(fake, "starting", *common) == "pull request 7, stack dev: created\n"
    invoke(fake, "result", *common, "--preview", str(write(tmp_path, unchanged=4)))
    assert only_body(fake).content == render(Preview(stack="dev", offline=True, base=OLD[:12], head=NEW[:12], unchanged=4))


def test_a_merged_commit_finds_its_only_pull_request(fake: FakeGitHub) -> None:
    fake.pulls = [{"number": 7, "label": "octo:x", "head": {"sha": OLD}}]
    invoke(fake, "applied", "--stack", "dev", "--commit", NEW, "--by", "octocat")
    assert only_body(fake).state is State.APPLIED
    fake.pulls *= 2
    with pytest.raises(ProblemsError, match="2 pull requests contain commit"):
        invoke(fake, "applied", "--stack", "dev", "--commit", NEW, "--by", "octocat")


def test_a_job_without_a_result_is_a_failed_preview(fake: FakeGitHub, tmp_path: Path) -> None:
    missing = str(tmp_path / "none.json")
    invoke(fake, "result", "--stack", "dev", "--commit", NEW, "--pull-request", "7", "--preview", missing)
    assert "failed, there is no preview" in only_body(fake).content


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{",
        "{}",
        '{"stack": "dev"}',
        json.dumps({"stack": "dev", "offline": True, "base": "a", "head": "b", "markdown": "x"}),
    ],
)
def test_a_file_of_another_shape_is_refused(fake: FakeGitHub, tmp_path: Path, content: str) -> None:
    path = tmp_path / "preview.json"
    path.write_text(content)
    with pytest.raises(ProblemsError, match="what `preview --format json` writes"):
        invoke(fake, "result", "--stack", "dev", "--commit", NEW, "--pull-request", "7", "--preview", str(path))
    assert fake.comments == []


def test_a_large_file_and_a_link_are_refused(fake: FakeGitHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link = tmp_path / "link.json"
    link.symlink_to(write(tmp_path))
    with pytest.raises(ProblemsError, match="a plain file of at most"):
        invoke(fake, "result", "--stack", "dev", "--commit", NEW, "--pull-request", "7", "--preview", str(link))
    monkeypatch.setattr("deploy_service.pull_request.model.MAX_BYTES", 10)
    with pytest.raises(ProblemsError, match="a plain file of at most 10 bytes"):
        invoke(fake, "result", "--stack", "dev", "--commit", NEW, "--pull-request", "7", "--preview", str(write(tmp_path)))


@pytest.mark.parametrize("parts", [{"stack": "prod"}, {"head": OLD[:12]}, {"head": ""}, {"head": "b"}])
def test_a_preview_of_something_else_is_refused(fake: FakeGitHub, tmp_path: Path, parts: dict[str, str]) -> None:
    path = write(tmp_path, **parts)
    with pytest.raises(ProblemsError, match=f"allowed: a preview of stack dev at {NEW}"):
        invoke(fake, "result", "--stack", "dev", "--commit", NEW, "--pull-request", "7", "--preview", str(path))
    assert fake.comments == []


def test_all_wrong_options_are_named_at_once(fake: FakeGitHub) -> None:
    with pytest.raises(ProblemsError) as caught:
        invoke(fake, "starting", "--stack", "../x", "--commit", "main", "--pull-request", "7")
    assert {problem.where for problem in caught.value.problems} == {"--stack", "--commit"}
