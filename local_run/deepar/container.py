"""The container contract: the files that the algorithm reads and writes under ``/opt/ml``, and its exit codes.

Source: Amazon SageMaker developer guide, "How Amazon SageMaker AI provides training information": SageMaker shows the first
1024 characters of ``output/failure`` as the job's failure reason.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from contracts.problems import Problem, ProblemsError, one_problem
from contracts.strict_json import parse
from local_run.deepar.config import Config
from local_run.deepar.data import Series, limited, read_channel
from local_run.deepar.dataset import Schema, conform_channel

log = logging.getLogger(__name__)
FAILURE_CHARS = 1024


@dataclass(frozen=True)
class Container:
    """The folders under ``root``, which is ``/opt/ml`` in a real container."""

    root: Path

    @property
    def hyperparameters(self) -> Path:
        return self.root / "input" / "config" / "hyperparameters.json"

    def channel(self, name: str) -> Path:
        return self.root / "input" / "data" / name

    @property
    def model(self) -> Path:
        return self.root / "model"

    @property
    def failure(self) -> Path:
        return self.root / "output" / "failure"


def run_training(root: Path, seed: int | None = None) -> int:
    """Train like the container. Returns exit code 0 and writes the model, or returns 1 and writes ``output/failure``.

    ``seed`` takes precedence over the hyperparameter ``_seed``.

    A user's mistake is a ClientError without a traceback. Every other error is an AlgorithmError with a traceback in the log.
    """
    container = Container(root)
    container.failure.unlink(missing_ok=True)
    try:
        _train(container, {} if seed is None else {"_seed": str(seed)})
    except ProblemsError as error:
        reason = f"ClientError: {error}"
        log.error("Customer Error: %s", error)
    except Exception as error:  # every reason must reach the failure file
        reason = f"AlgorithmError: {type(error).__name__}: {error}"
        log.exception("Algorithm Error")
    else:
        return 0
    container.failure.parent.mkdir(parents=True, exist_ok=True)
    container.failure.write_text(reason[:FAILURE_CHARS])
    return 1


def _train(container: Container, more: Mapping[str, str]) -> None:
    config = Config.from_strings({**_strings(container.hyperparameters), **more})
    log.info("Final configuration: %s", config.to_json())
    channels = _read_channels(container, config)
    # JAX takes seconds to import, so bad inputs are rejected before.
    from local_run.deepar.training import evaluate, train

    model = train(config, channels["train"])
    log.info("Serializing to %s", container.model)
    model.save(container.model)
    if "test" in channels:
        evaluate(model, channels["test"])
    else:
        log.info("No test channel: no test metrics")


def _read_channels(container: Container, config: Config) -> dict[str, list[Series]]:
    """Read and check the series of both channels, before the training.

    Raises:
        ProblemsError: the problems of both channels.
    """
    names = ["train", "test"] if container.channel("test").is_dir() else ["train"]
    channels: dict[str, list[Series]] = {}
    problems: list[Problem] = []
    for name in names:
        try:
            channels[name] = read_channel(container.channel(name))
        except ProblemsError as error:
            problems += error.problems
    if not problems:
        schema = Schema.derive(config, channels["train"])
        for name, series in channels.items():
            try:
                conform_channel(name, series, schema, config)
            except ProblemsError as error:
                problems += error.problems
    if problems:
        raise ProblemsError("input data", limited(problems))
    return channels


def _strings(path: Path) -> dict[str, object]:
    allowed = "allowed: a JSON object of strings at input/config/hyperparameters.json"
    if not path.is_file():
        raise one_problem("training", str(path), None, allowed)
    try:
        values = parse(path.read_text())
    except ValueError as error:
        raise one_problem("hyperparameters.json", "file", str(error), allowed) from error
    if not isinstance(values, dict):
        raise one_problem("hyperparameters.json", "file", values, allowed)
    return values
