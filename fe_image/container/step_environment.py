"""The container's environment variables, which the pipeline's definition sets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from contracts import environment as names
from contracts import layout
from contracts.hyperparameters import hyperparameter_problems
from contracts.ids import execution_id_problem
from contracts.problems import Problem, ProblemsError
from contracts.strict_json import parse
from fe_image.container.exit_message import container_root

_MAX_SYNC_SECONDS = 3600


@dataclass(frozen=True)
class StepEnvironment:
    """Execution, table, bucket and folders of the step. ``root`` is the root of the container's file system."""

    execution_id: str
    execution_table: str
    models_bucket: str
    sync_seconds: float
    test_quantiles: tuple[float, ...]
    root: Path
    region: str | None
    pipeline_execution_arn: str | None
    prediction_table: str | None = None  # of the publishing step

    @classmethod
    def read(cls, execution_id: str, environment: Mapping[str, str]) -> StepEnvironment:
        """Read and check the variables.

        Raises:
            ProblemsError: all missing and wrong variables.
        """
        required = (names.EXECUTION_TABLE, names.MODELS_BUCKET, names.TEST_QUANTILES)
        problems = [Problem(name, None, "the pipeline's definition sets it") for name in required if not environment.get(name)]
        if problem := execution_id_problem(execution_id, "--executionid"):
            problems.append(problem)
        seconds = environment.get(names.LOG_SYNC_SECONDS, names.LOG_SYNC_SECONDS_DEFAULT)
        if _seconds(seconds) is None:
            problems.append(Problem(names.LOG_SYNC_SECONDS, seconds, f"allowed: a number above 0, up to {_MAX_SYNC_SECONDS}"))
        quantiles = environment.get(names.TEST_QUANTILES)
        if quantiles:
            found = hyperparameter_problems({"test_quantiles": quantiles})
            problems += [Problem(names.TEST_QUANTILES, problem.value, problem.allowed) for problem in found]
        if problems:
            raise ProblemsError("environment of the step", problems)
        return cls(
            execution_id=execution_id,
            execution_table=environment[names.EXECUTION_TABLE],
            models_bucket=environment[names.MODELS_BUCKET],
            sync_seconds=_seconds(seconds) or 0.0,
            test_quantiles=tuple(parse(environment[names.TEST_QUANTILES])),
            root=container_root(environment),
            region=environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION"),
            pipeline_execution_arn=environment.get(names.PIPELINE_EXECUTION_ARN) or None,
            prediction_table=environment.get(names.PREDICTION_TABLE) or None,
        )

    def path(self, container_path: str) -> Path:
        """Return the real path of a path in the container."""
        return self.root / container_path.lstrip("/")

    @property
    def assets(self) -> Path:
        return self.path(layout.INPUT_ASSETS_DIR)

    @property
    def outputs(self) -> Path:
        return self.path(layout.OUTPUT_ROOT)


def _seconds(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 < value <= _MAX_SYNC_SECONDS else None
