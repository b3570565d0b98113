"""One emulator and one plugin home for the session; each module gets a backend and an empty cloud, each test a checkout."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.engine.checkout import Checkout
from tests.engine.cli import Cli
from tests.engine.plugin_home import build_plugin_home

REGION = "eu-central-1"
_HERE = Path(__file__).resolve().parent
_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test of this folder needs the CLI, but for those of the plugins."""
    missing = pytest.mark.skip(reason="the Pulumi CLI (pulumi) is not on PATH")
    for item in items:
        if item.path.parent == _HERE:
            item.add_marker(pytest.mark.engine)
            if shutil.which("pulumi") is None:
                item.add_marker(missing)


@pytest.fixture(scope="session")
def emulator_environment() -> Iterator[dict[str, str]]:
    command = [sys.executable, str(_HERE / "emulator_process.py"), REGION]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None and process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.stdin.close()
            process.wait(timeout=30)


@pytest.fixture(scope="session")
def plugin_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_plugin_home(tmp_path_factory.mktemp("pulumi-home"))


@pytest.fixture(scope="module")
def environment(
    emulator_environment: dict[str, str], plugin_home: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """All that the CLI and its children see. A module's tests share a cloud and a backend, which are empty at first."""
    reset(emulator_environment["AWS_ENDPOINT_URL"])
    backend = tmp_path_factory.mktemp("backend")
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    return {
        **inherited,
        **emulator_environment,
        "PULUMI_HOME": str(plugin_home),
        "PULUMI_BACKEND_URL": f"file://{backend}",
        "PULUMI_CONFIG_PASSPHRASE": "correct horse",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS": "true",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout.of_this_repository(tmp_path / "checkout")


@pytest.fixture
def cli(checkout: Checkout, environment: dict[str, str]) -> Callable[[str], Cli]:
    """The CLI on a new stack of the checkout."""

    def made(stack: str) -> Cli:
        found = Cli(checkout.path, stack, environment)
        found.init()
        return found

    return made


def reset(endpoint: str) -> None:
    """Forget all that the emulator holds."""
    where = urlsplit(endpoint)
    connection = http.client.HTTPConnection(str(where.hostname), where.port, timeout=30)
    try:
        connection.request("POST", "/moto-api/reset")
        assert connection.getresponse().status == http.HTTPStatus.OK
    finally:
        connection.close()
