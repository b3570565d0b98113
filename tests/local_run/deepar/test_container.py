"""The container contract: files in, log, files out, exit code and failure reason."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from local_run.deepar.cli import app
from local_run.deepar.config import SEED
from local_run.deepar.model import MODEL_FILES, Model
from local_run.emulator.options import Options
from local_run.session import PROJECT
from tests.local_run.deepar.support import cut, hyperparameters, record, seasonal_series, write_root
from tests.patience import PATIENCE_SECONDS

RUNNER = CliRunner()


def run(root: Path, *more: str) -> tuple[int, str]:
    result = RUNNER.invoke(app, ["train", "--root", str(root), *more])
    return result.exit_code, result.output


def test_a_training_writes_model_log_and_metrics(tmp_path: Path) -> None:
    root = write_root(
        tmp_path,
        hyperparameters(test_quantiles="[0.2, 0.8]", num_eval_samples="31"),
        cut(seasonal_series(2), 60),
        seasonal_series(2, 67),
    )
    (root / "output").mkdir()
    (root / "output" / "failure").write_text("of an earlier attempt")
    code, log = run(root, "--tar", str(tmp_path / "model.tar.gz"))
    assert code == 0, log
    assert not (root / "output" / "failure").exists()
    assert sorted(path.name for path in (root / "model").iterdir()) == sorted(MODEL_FILES)
    assert (tmp_path / "model.tar.gz").stat().st_size > 1000
    stamp = r"\[\d\d/\d\d/\d{4} \d\d:\d\d:\d\d INFO \d+\] "
    number = r"-?\d+\.\d+(e-?\d+)?$"
    for epoch in (0, 1):
        assert re.search(rf"^{stamp}#quality_metric: host=algo-1, epoch={epoch}, train loss <loss>={number}", log, re.M)
    for name in ("RMSE", "mean_absolute_QuantileLoss", "mean_wQuantileLoss", r"wQuantileLoss\[0.2\]", r"wQuantileLoss\[0.8\]"):
        assert re.search(rf"^{stamp}#test_score \(algo-1, {name}\): {number}", log, re.M)
    for name in ("RMSE", "mean_wQuantileLoss"):
        assert re.search(rf"^{stamp}#quality_metric: host=algo-1, test {name} <loss>={number}", log, re.M)
    assert "testset using 31 samples" in log
    assert "wQuantileLoss[0.5]" not in log


def test_the_test_channel_is_optional(tmp_path: Path) -> None:
    code, log = run(write_root(tmp_path, hyperparameters(epochs="1"), seasonal_series(2, 67), None))
    assert (code, "test_score" in log) == (0, False)


def failing(root: Path) -> str:
    code, log = run(root)
    reason = (root / "output" / "failure").read_text()
    assert code == 1
    assert "Traceback" not in log
    assert reason.startswith("ClientError: ")
    assert len(reason) <= 1024
    assert not (root / "model").exists()
    return reason


def test_wrong_hyperparameters_are_all_in_the_failure_reason(tmp_path: Path) -> None:
    reason = failing(write_root(tmp_path, hyperparameters(epochs="0", num_cell="4"), seasonal_series(2, 60), None))
    assert "2 problems" in reason
    assert "epochs is '0'; allowed: an integer from 1 to 1000" in reason
    assert "did you mean 'num_cells'?" in reason


@pytest.mark.parametrize("content", [None, "[1]", "{"])
def test_unreadable_hyperparameters_are_told(tmp_path: Path, content: str | None) -> None:
    root = write_root(tmp_path, {}, seasonal_series(2, 60), None)
    path = root / "input" / "config" / "hyperparameters.json"
    path.unlink() if content is None else path.write_text(content)
    said = failing(root)
    assert "allowed: a JSON object of strings at input/config/hyperparameters.json" in said
    assert (f"{path} is missing" in said) == (content is None)


def test_wrong_data_is_in_the_failure_reason_before_anything_is_trained(tmp_path: Path) -> None:
    root = write_root(tmp_path, hyperparameters(), seasonal_series(2, 60), seasonal_series(2, 60))
    (root / "input" / "data" / "test" / "test.json").write_text('{"start": "2020-01-06", "target": [1, "x"]}\n')
    assert "test/test.json line 1 target" in failing(root)


def test_both_channels_are_checked_before_anything_is_trained(tmp_path: Path) -> None:
    """A category that training never saw, and a train series of another shape: both are reported, and no model is written."""
    train = [replace(item, cat=item.cat * (1 + item.cat[0])) for item in seasonal_series(2, 60)]
    reason = failing(write_root(tmp_path, hyperparameters(), train, [replace(train[0], cat=(9,))]))
    assert "train series 2 cat is [1, 1]" in reason
    assert "test series 1 cat[0] is 9; allowed: 0 to 0" in reason


def test_unreadable_channels_are_told_together(tmp_path: Path) -> None:
    root = write_root(tmp_path, hyperparameters(), seasonal_series(1, 60), seasonal_series(1, 60))
    for name in ("train", "test"):
        (root / "input" / "data" / name / f"{name}.json").write_text("{\n")
    reason = failing(root)
    assert "train/train.json line 1" in reason
    assert "test/test.json line 1" in reason


def test_a_missing_train_channel_is_told(tmp_path: Path) -> None:
    root = write_root(tmp_path, hyperparameters(), seasonal_series(1, 60), None)
    (root / "input" / "data" / "train" / "train.json").unlink()
    assert "channel train" in failing(root)


def test_a_defect_of_ours_is_an_algorithm_error_with_a_traceback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write_root(tmp_path, hyperparameters(), seasonal_series(1, 60), None)
    monkeypatch.setattr("local_run.deepar.container.read_channel", lambda *_: 1 / 0)
    code, log = run(root)
    assert code == 1
    assert (root / "output" / "failure").read_text() == "AlgorithmError: ZeroDivisionError: division by zero"
    assert "Traceback" in log


def test_a_root_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    code, _ = run(tmp_path / "absent")
    assert code == 2
    assert not (tmp_path / "absent").exists()


def test_predict_answers_a_request_from_file_and_standard_input(seasonal_model: Model, tmp_path: Path) -> None:
    seasonal_model.save(tmp_path / "model")
    instance = record(seasonal_series(1)[0])
    request = tmp_path / "request.json"
    request.write_text(json.dumps({"instances": [instance], "configuration": {"num_samples": 50, "output_types": ["mean"]}}))
    command = ["predict", "--model", str(tmp_path / "model"), "--request"]
    result = RUNNER.invoke(app, [*command, str(request)])
    assert result.exit_code == 0
    assert len(json.loads(result.output)["predictions"][0]["mean"]) == 7
    assert RUNNER.invoke(app, [*command, "-"], input=request.read_text()).output == result.output
    wrong = RUNNER.invoke(app, [*command, "-"], input="{}")
    assert (wrong.exit_code, "instances is missing" in wrong.stderr) == (1, True)
    request.write_bytes(b"\xff{}")
    wrong = RUNNER.invoke(app, [*command, str(request)])
    assert (wrong.exit_code, "allowed: UTF-8 text" in wrong.stderr) == (1, True)
    assert RUNNER.invoke(app, [*command, str(tmp_path / "none.json")]).exit_code == 2


@pytest.mark.parametrize("given", [{"_seed": "7"}, {"_seed": "1"}, {}])
def test_the_seed_of_the_command_line_takes_precedence(tmp_path: Path, given: dict[str, str]) -> None:
    root = write_root(tmp_path, hyperparameters(**given), seasonal_series(), None)
    run(root, "--seed", "7")
    assert Model.load(root / "model").config.seed == 7


@pytest.mark.parametrize(("seed", "stored"), [(7, 7), (None, SEED)])
def test_the_emulators_trainings_have_the_seed_of_the_session(tmp_path: Path, seed: int | None, stored: int) -> None:
    """``demo --seed`` and ``up --seed``."""
    root = write_root(tmp_path, hyperparameters(epochs="1"), seasonal_series(), None)
    command = Options.seeded(seed).training_commands["forecasting-deepar"](root)
    subprocess.run(command, cwd=PROJECT, capture_output=True, check=True, timeout=PATIENCE_SECONDS)
    assert Model.load(root / "model").config.seed == stored
