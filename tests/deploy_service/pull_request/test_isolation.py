"""A revision's program runs without credentials, network and other processes, and cannot run or write without end."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy_service.pull_request import isolation
from deploy_service.pull_request.isolation import GUARD, NAMESPACE, Recording, record
from stack_config import StackConfig
from tests.deploy_service.pull_request.programs import PROGRAM

CONFIG = StackConfig("model-training", "dev", {"aws:region": "eu-central-1", "model-training:owner": "team"})
Run = Callable[..., Recording]
namespaces = pytest.mark.skipif(not isolation.namespace_command(), reason="this machine allows no unprivileged namespaces")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def started(program: str, seconds: int = 300) -> Recording:
        tree = tmp_path / "tree"
        tree.mkdir(exist_ok=True)
        (tree / "__main__.py").write_text(PROGRAM + program)
        return record(tree, CONFIG, seconds=seconds)

    return started


@pytest.fixture
def guarded(monkeypatch: pytest.MonkeyPatch, run: Run) -> Run:
    monkeypatch.setattr(isolation, "namespace_command", lambda: ())
    return run


SHOW = "pulumi.CustomResource('test:index:Shown', 'shown', {'value': %s})\n"


def shown(recording: Recording) -> object:
    assert recording.error is None
    (resource,) = [found for found in recording.resources if found["name"] == "shown"]
    return resource["inputs"]["value"]


def test_no_variable_of_the_caller_reaches_the_program(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "AWS_SECRET_ACCESS_KEY",
        "GITHUB_TOKEN",
        "PULUMI_ACCESS_TOKEN",
        "PULUMI_CONFIG_PASSPHRASE",
        "HTTPS_PROXY",
        "X",
    ):
        monkeypatch.setenv(name, "canary")
    found = shown(run("import os\n" + SHOW % "dict(os.environ)"))
    assert isinstance(found, dict)
    assert "canary" not in str(found)
    assert set(found) <= {"PATH", "HOME", "TMPDIR", "LANG", "AWS_EC2_METADATA_DISABLED", "LC_CTYPE"}
    assert found["HOME"] != os.environ.get("HOME")


def test_nothing_of_the_callers_modules_is_on_the_path(run: Run) -> None:
    found = run("import deploy_service\n")
    assert found.error is not None and "No module named 'deploy_service'" in found.error


CONNECT = """
import socket
try:
    socket.create_connection(("127.0.0.1", {port}), timeout=5)
    reached = "reached"
except OSError as error:
    reached = type(error).__name__
"""


@namespaces
def test_a_namespace_has_no_way_to_a_server_of_this_machine(run: Run) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        recording = run(CONNECT.format(port=server.getsockname()[1]) + SHOW % "reached")
    assert recording.isolation == NAMESPACE
    assert shown(recording) != "reached"


@namespaces
def test_a_namespace_hides_other_processes(run: Run) -> None:
    assert str(os.getpid()) not in str(shown(run("import os\n" + SHOW % "os.listdir('/proc')")))


def test_the_guard_refuses_the_network_and_other_programs(guarded: Run) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        recording = guarded(CONNECT.format(port=server.getsockname()[1]) + SHOW % "reached")
    assert (recording.isolation, shown(recording)) == (GUARD, "PermissionError")
    found = guarded("import subprocess\nsubprocess.run(['true'])\n")
    assert found.error is not None and "must not use" in found.error


def test_a_program_that_does_not_end_is_ended(run: Run) -> None:
    found = run("import time\nwhile True: time.sleep(1)\n", seconds=5)
    assert found.error == "it did not end within 5 s" and found.resources == ()


def test_a_program_cannot_fill_the_disk(run: Run) -> None:
    found = run("open('big', 'wb').truncate(10**12)\n")
    assert found.error is not None and "OSError: [Errno 27] File too large" in found.error


def test_an_endless_log_ends_the_program(run: Run) -> None:
    found = run("while True: print('x' * 10**6)\n")
    assert found.error is not None and len(found.error) <= isolation.MAX_MESSAGE


def test_a_result_that_is_none_is_an_error(run: Run) -> None:
    found = run("import os\nos.write(2, b'went away \\x1b[31m')\nos._exit(0)\n")
    assert found.error is not None and "went away \\x1b[31m" in found.error


@pytest.mark.parametrize("content", ["", "[]", '{"resources": [1], "error": null, "policies": {}}', "[" * 10**5])
def test_a_result_that_the_program_wrote_itself_is_checked(run: Run, content: str) -> None:
    found = run(f"import os\nopen('../tree.json', 'w').write({content!r})\nos._exit(0)\n")
    assert found.error is not None and found.error.startswith("it ended without a result that can be read")
    assert len(found.error) <= isolation.MAX_MESSAGE


def test_an_error_names_the_line_of_the_program(run: Run) -> None:
    found = run("raise RuntimeError('unfinished')\n")
    line = PROGRAM.count("\n") + 1
    assert found.error == f"__main__.py, line {line}: RuntimeError: unfinished"


def test_an_unknown_function_of_the_provider_is_an_error(run: Run) -> None:
    found = run("pulumi.runtime.invoke('aws:index/secret:secret', {})\n")
    assert found.error is not None and "no answer for the provider function aws:index/secret:secret" in found.error


def test_secrets_and_files_are_recorded_without_their_content(run: Run) -> None:
    assert shown(run(SHOW % "{'token': pulumi.Output.secret('canary')}")) == "[secret]"
    found = shown(run(SHOW % "pulumi.AssetArchive({'f': pulumi.StringAsset('text')})"))
    assert found == {"archive": {"f": f"sha256:{hashlib.sha256(b'text').hexdigest()}"}}
    by_path = shown(run("open('file', 'w').write('text')\n" + SHOW % "pulumi.AssetArchive({'f': pulumi.FileAsset('file')})"))
    assert isinstance(by_path, dict) and str(by_path["archive"]["f"]).startswith("sha256:")


def test_another_python_runs_the_program(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(run("import sys\n" + SHOW % "sys.executable")) == sys.executable
    missing = str(tmp_path / "no-python")
    for namespace in (isolation.namespace_command(), ()):
        monkeypatch.setattr(isolation, "namespace_command", lambda namespace=namespace: namespace)
        found = record(tmp_path / "tree", CONFIG, python=missing)
        assert found.error is not None and "no-python" in found.error
