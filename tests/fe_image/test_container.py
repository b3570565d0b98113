"""The image's recipe, the executor, and giving up root."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from fe_image.container.privileges import become_unprivileged
from tests.patience import PATIENCE_SECONDS

IMAGE = Path(__file__).parents[2] / "fe_image"
DOCKERFILE = (IMAGE / "Dockerfile").read_text()
INSTRUCTIONS = [line for line in DOCKERFILE.splitlines() if re.match(r"[A-Z]+ ", line)]


def position(text: str) -> int:
    return next(index for index, line in enumerate(INSTRUCTIONS) if text in line)


def test_the_base_is_an_argument_and_slim():
    assert INSTRUCTIONS[0] == "ARG BASE_IMAGE=python:3.11-slim-bookworm"
    assert INSTRUCTIONS[1] == "FROM ${BASE_IMAGE}"


def test_libraries_are_hash_checked_wheels_and_nothing_is_compiled():
    install = DOCKERFILE[DOCKERFILE.index("pip install") :]
    for option in ("--require-hashes", "--only-binary :all:", "--no-deps", "--no-cache-dir"):
        assert option in install
    assert not re.search(r"apt-get|gcc|build-essential|curl|ADD ", DOCKERFILE)


def test_layers_that_change_often_come_last():
    order = [position(text) for text in ("useradd", "requirements.txt", "pip install", "COPY contracts", "COPY fe_image ")]
    assert order == sorted(order)


def test_every_requirement_is_pinned_with_hashes():
    text = (IMAGE / "requirements.txt").read_text()
    entries = [entry for entry in re.split(r"\n(?=\S)", text) if not entry.startswith("#")]
    assert len(entries) > 10
    for entry in entries:
        assert re.match(r"[a-z0-9-]+==[0-9][^ ]* \\\n +--hash=sha256:[0-9a-f]{64}", entry), entry.splitlines()[0]
    wanted = {
        re.split(r"[<>=]", line)[0].lower() for line in (IMAGE / "requirements.in").read_text().splitlines() if line[0] != "#"
    }
    assert wanted <= {entry.split("==")[0] for entry in entries}
    assert "http" not in text


def test_the_step_imports_what_the_image_has_and_no_other_room():
    allowed = {"contracts", "fe_image", "numpy", "orjson", "pydantic", "boto3", "botocore", "talib", "statsmodels", "xgboost"}
    allowed |= {"fastparquet", "pandas"}
    for path in IMAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
            for name in names:
                top = name.split(".")[0]
                assert top in allowed or top in sys.stdlib_module_names, f"{path.name} imports {name}"


def test_the_executor_is_a_few_lines_and_teaches(tmp_path: Path):
    executor = IMAGE / "run-fe-step.py"
    assert len(executor.read_text().splitlines()) <= 30
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(IMAGE.parent), "CONTAINER_ROOT": str(tmp_path)}
    command = [sys.executable, str(executor), "--execution", "x", "--more"]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE_SECONDS)
    assert run.returncode == 2
    assert "--executionid" in run.stderr
    message = (tmp_path / "opt/ml/output/message").read_text()
    assert message == "command line is ['--execution', 'x', '--more']; allowed: --executionid ID"


def test_imports_stay_light():
    """scikit-learn and pandas take seconds; a template that needs no moving average never loads statsmodels."""
    code = (
        "import sys, fe_image.step_feature_engineering, fe_image.model.importance;"
        "import numpy as np; from contracts.template import Importance; x = np.random.default_rng(1).normal(size=(2, 400));"
        "fe_image.model.importance.feature_importance(['a', 'b'], x, x[0], Importance(), 1);"
        "panel = 2 + np.cumsum(x**2, axis=1);"
        "from fe_image.features.talib_backend import indicator; indicator('RSI', panel, timeperiod=14);"
        "assert {'xgboost', 'talib'} <= set(sys.modules);"
        "heavy = {'pandas', 'sklearn', 'statsmodels', 'boto3', 'scipy.stats', 'scipy.special', 'xgboost.plotting'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(IMAGE.parent)}
    run = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=PATIENCE_SECONDS
    )
    assert run.stdout.strip() == "[]", run.stderr


def test_without_the_images_user_nothing_is_given_up(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    with caplog.at_level("INFO", logger="fe_image"):
        become_unprivileged(tmp_path, user="no-such-user")
    assert "switches to the unprivileged user no-such-user" in caplog.text or f"user id {os.geteuid()}" in caplog.text
    assert not [record for record in caplog.records if record.levelname == "WARNING"]
    if os.geteuid() == 0:
        assert not list(tmp_path.iterdir())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can try")
def test_a_mount_that_cannot_be_given_away_is_warned_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    def refused(path: Path, *_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted", str(path))

    monkeypatch.setattr(os, "chown", refused)
    become_unprivileged(tmp_path, user="nobody")
    (warning,) = [record for record in caplog.records if record.levelname == "WARNING"]
    assert "still running as root" in warning.getMessage()
    assert "nobody" in warning.getMessage()
    assert os.geteuid() == 0


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user can enter. Only root can enter pytest's own folders."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give itself up")
def test_root_gives_folders_and_itself_to_the_user(open_folder: Path):
    (open_folder / "opt/ml/processing/output/train").mkdir(parents=True)
    (open_folder / "opt/ml/processing/input/assets").mkdir(parents=True)
    (open_folder / "opt/ml/processing/input/assets/A.csv").write_text("Date,Close\n")
    (open_folder / "opt/ml/processing/input/assets/A.csv").chmod(0o600)
    code = (
        "import logging, os, sys; logging.basicConfig(level='INFO', format='%(message)s', stream=sys.stdout);"
        "from pathlib import Path; from fe_image.container.privileges import become_unprivileged as become;"
        "root = Path(sys.argv[1]); become(root, user='nobody');"
        "print((root / 'opt/ml/processing/input/assets/A.csv').stat().st_uid == os.geteuid() != 0);"
        "print(os.access(root / 'opt/ml/processing/output/train', os.W_OK), os.access(root / 'opt/ml/output', os.W_OK));"
        "print(os.getgroups())"
    )
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(IMAGE.parent)}
    run = subprocess.run(
        [sys.executable, "-c", code, str(open_folder)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )
    assert run.stdout.splitlines() == ["running as nobody, no longer as root", "True", "True True", "[]"], run.stderr
