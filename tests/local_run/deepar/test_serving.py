"""The HTTP server: what the algorithm's container answers, over a real connection."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from contracts.backtest import INFERENCE_CONFIG_VARIABLE
from contracts.problems import ProblemsError
from local_run.deepar.cli import app
from local_run.deepar.inference import Configuration
from local_run.deepar.model import Model
from local_run.deepar.serving import HOST, PAYLOAD_MAX_MB, Server, Service, load_model
from local_run.deepar.tarballs import pack_folder
from tests.local_run.deepar.support import record, seasonal_series

CONFIGURATION = Configuration(num_samples=20, output_types=("samples",), quantiles=())
LINES = [json.dumps(record(item)) for item in seasonal_series(3)]


@pytest.fixture(scope="module")
def address(seasonal_model: Model) -> Iterator[tuple[str, int]]:
    with Server(Service(seasonal_model, CONFIGURATION)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield HOST, server.server_port
        server.shutdown()
        thread.join()


def call(
    address: tuple[str, int], method: str, path: str, body: str | bytes = "", content_type: str = "application/jsonlines"
) -> tuple[int, str, str]:
    connection = http.client.HTTPConnection(*address, timeout=60)
    connection.request(method, path, body, {"Content-Type": content_type} if method == "POST" else {})
    response = connection.getresponse()
    text = response.read().decode()
    connection.close()
    return response.status, response.headers.get_content_type(), text


def test_ping_and_execution_parameters(address: tuple[str, int]) -> None:
    assert call(address, "GET", "/ping")[0] == 200
    status, _, text = call(address, "GET", "/execution-parameters")
    assert (status, json.loads(text)["BatchStrategy"]) == (200, "SINGLE_RECORD")


def test_each_line_is_answered_in_order_with_what_the_environment_asks_for(address: tuple[str, int]) -> None:
    status, content_type, text = call(address, "POST", "/invocations", "\n".join(LINES))
    assert (status, content_type) == (200, "application/jsonlines")
    answers = [json.loads(line) for line in text.splitlines()]
    assert [list(made) for made in answers] == [["samples"]] * 3
    samples = np.array([made["samples"] for made in answers])
    assert samples.shape == (3, 20, 7)
    levels = samples.mean(axis=(1, 2))
    assert np.abs(levels - [10, 13, 16]).max() < 1.5, "levels of the three series, in order"


def test_a_line_has_the_same_answer_in_any_order_and_company(address: tuple[str, int]) -> None:
    together = call(address, "POST", "/invocations", "\n".join(LINES))[2].splitlines()
    alone = [call(address, "POST", "/invocations", line + "\r\n\n")[2].strip() for line in reversed(LINES)]
    assert alone[::-1] == together


def test_json_requests_carry_their_own_configuration(address: tuple[str, int]) -> None:
    asked = {"instances": [json.loads(LINES[0])], "configuration": {"num_samples": 10, "output_types": ["mean"]}}
    status, content_type, text = call(address, "POST", "/invocations", json.dumps(asked), "application/json; charset=utf-8")
    assert (status, content_type) == (200, "application/json")
    assert [list(made) for made in json.loads(text)["predictions"]] == [["mean"]]


@pytest.mark.parametrize(
    ("body", "content_type", "status", "message"),
    [
        ("{", "application/jsonlines", 400, "line 1 is '{'; allowed: a JSON object with start and target"),
        (f'{LINES[0]}\n{{"start": 1, "target": []}}', "application/jsonlines", 400, "line 2 start is 1"),
        ("", "application/jsonlines", 400, "allowed: at least one line"),
        (b"\xff", "application/jsonlines", 400, "allowed: UTF-8 text"),
        ("{}", "application/json", 400, "instances is missing"),
        ("a,b", "text/csv", 415, "Content-Type is 'text/csv'; allowed: application/json or application/jsonlines"),
    ],
)
def test_a_wrong_request_is_refused_with_the_reason(
    address: tuple[str, int], body: str | bytes, content_type: str, status: int, message: str
) -> None:
    found, kind, text = call(address, "POST", "/invocations", body, content_type)
    assert (found, kind) == (status, "text/plain")
    assert message in text


def test_unknown_paths_and_bodies_that_are_too_large_are_refused(address: tuple[str, int]) -> None:
    assert call(address, "GET", "/")[0] == call(address, "POST", "/ping")[0] == 404
    connection = http.client.HTTPConnection(*address, timeout=60)
    connection.putrequest("POST", "/invocations")
    connection.putheader("Content-Type", "application/json")
    connection.putheader("Content-Length", str(PAYLOAD_MAX_MB * 1024**2 + 1))
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()


def test_a_defect_is_answered_and_the_server_goes_on(address: tuple[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("local_run.deepar.serving.answer_lines", lambda *_: 1 / 0)
        status, _, text = call(address, "POST", "/invocations", LINES[0])
    assert (status, text) == (500, "AlgorithmError: ZeroDivisionError: division by zero\n")
    assert call(address, "POST", "/invocations", LINES[0])[0] == 200


def test_the_command_serves_a_packed_model(seasonal_model: Model, tmp_path: Path) -> None:
    seasonal_model.save(tmp_path / "made")
    folder = tmp_path / "root/opt/ml/model"
    folder.mkdir(parents=True)
    pack_folder(tmp_path / "made", folder / "model.tar.gz")
    command = [sys.executable, "-m", "local_run.deepar", "serve", "--root", str(tmp_path / "root"), "--port", "0"]
    environment = os.environ | {INFERENCE_CONFIG_VARIABLE: '{"num_samples": 3, "output_types": ["mean"]}'}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            host, _, port = process.stdout.readline().removeprefix("serving on ").strip().partition(":")
            text = call((host, int(port)), "POST", "/invocations", LINES[0])[2]
        finally:
            process.terminate()
    assert host == HOST
    assert len(json.loads(text)["mean"]) == 7


def test_what_cannot_be_served_is_told(seasonal_model: Model, tmp_path: Path) -> None:
    with pytest.raises(ProblemsError, match="allowed: a folder with opt/ml/model/"):
        load_model(tmp_path)
    seasonal_model.save(tmp_path / "opt/ml/model")
    assert load_model(tmp_path).config == seasonal_model.config
    command = ["serve", "--root", str(tmp_path), "--port", "0"]
    result = CliRunner().invoke(app, command, env={INFERENCE_CONFIG_VARIABLE: '{"num_samples": 0}'})
    assert (result.exit_code, "num_samples is 0" in result.stderr) == (1, True)
    with pytest.raises(ProblemsError, match=INFERENCE_CONFIG_VARIABLE):
        Configuration.from_environment("{")
    assert Configuration.from_environment("") == Configuration()


def test_a_new_start_of_the_history_leaves_the_answer(address: tuple[str, int]) -> None:
    """All that a model of daily data reads: context and the longest lag. The series here is shorter, so it needs all of it."""
    series = seasonal_series(1, 500)[0]
    kept = 14 + 364
    cut = replace(series, target=series.target[-kept:], start=series.start + timedelta(days=500 - kept))
    lines = [json.dumps(record(item)) for item in (series, cut)]
    assert len(set(call(address, "POST", "/invocations", "\n".join(lines))[2].splitlines())) == 1
