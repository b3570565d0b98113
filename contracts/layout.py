"""Where things lie: S3 keys of an execution, of the assets, of the executor, and the container's folders.

Everything an execution writes stands under ``executions/<ExecutionId>/`` of the models bucket, so that two executions
can never overwrite one another.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from contracts.ids import check_execution_id

EXECUTIONS_PREFIX = "executions"
ASSETS_PREFIX = "assets"
EXECUTOR_NAME = "run-fe-step.py"

#: The container's folders as SageMaker lays them out. ``CONTAINER_ROOT`` (see :mod:`contracts.environment`) stands before them
#: when the step runs as a process on a developer's machine.
ML_ROOT = "/opt/ml"
PROCESSING_ROOT = f"{ML_ROOT}/processing"
INPUT_ASSETS_DIR = f"{PROCESSING_ROOT}/input/assets"
INPUT_CODE_DIR = f"{PROCESSING_ROOT}/input/code"
OUTPUT_ROOT = f"{PROCESSING_ROOT}/output"
EXIT_MESSAGE_FILE = f"{ML_ROOT}/output/message"

#: Names of the processing step's outputs; each is a folder under OUTPUT_ROOT and a prefix under the execution's.
#: ``manifest`` holds manifest.json alone and is uploaded to the execution's own prefix, outside the channel prefixes.
OUTPUTS = ("train", "test", "features", "evaluation", "plots", "manifest")

GATE_FILE = "gate.json"
#: Keys of the property file ``evaluation/gate.json`` that the definition and the report read.
GATE_THRESHOLD = "threshold"
GATE_BASELINE = "baseline"
GATE_MARGIN = "margin"
#: The training step's own final metric, which the gate compares with the threshold.
GATE_METRIC = "test:mean_wQuantileLoss"


@dataclass(frozen=True)
class ExecutionLayout:
    """The keys of one execution in the models bucket.

    >>> ExecutionLayout("demo-1").train_json
    'executions/demo-1/train/train.json'
    """

    execution_id: str

    def __post_init__(self) -> None:
        check_execution_id(self.execution_id)

    @property
    def prefix(self) -> str:
        return f"{EXECUTIONS_PREFIX}/{self.execution_id}"

    def output_prefix(self, output: str) -> str:
        """The prefix that the processing output of that name is uploaded to."""
        if output not in OUTPUTS:
            raise ValueError(f"unknown processing output {output!r}; one of {', '.join(OUTPUTS)}")
        return self.prefix if output == "manifest" else f"{self.prefix}/{output}"

    @property
    def features_csv(self) -> str:
        return f"{self.prefix}/features/features.csv"

    @property
    def train_json(self) -> str:
        return f"{self.prefix}/train/train.json"

    @property
    def test_json(self) -> str:
        return f"{self.prefix}/test/test.json"

    @property
    def model(self) -> str:
        """Prefix of the training job's output; SageMaker adds ``<job name>/output/model.tar.gz``."""
        return f"{self.prefix}/model"

    @property
    def evaluation(self) -> str:
        return f"{self.prefix}/evaluation"

    @property
    def gate_json(self) -> str:
        return f"{self.evaluation}/{GATE_FILE}"

    @property
    def plots(self) -> str:
        return f"{self.prefix}/plots"

    @property
    def logs(self) -> str:
        return f"{self.prefix}/logs"

    @property
    def step_log(self) -> str:
        return f"{self.logs}/feature-engineering.log"

    @property
    def manifest(self) -> str:
        return f"{self.prefix}/manifest.json"

    @property
    def forecasts(self) -> str:
        """Sampled quantiles of each test window on the price scale, written by whoever runs inference."""
        return f"{self.evaluation}/forecasts.json"


#: A price history may not be larger: before it is stored, before an execution starts, and in the step.
ASSET_MAX_BYTES = 256 * 1024 * 1024


def asset_key(asset: str) -> str:
    """Key of an asset's price history (CSV: Date, Close) in the assets bucket."""
    return f"{ASSETS_PREFIX}/{asset}.csv"


def executor_key(content: bytes) -> str:
    """Key of the executor in the pipeline bucket, under the hash of its content: a changed executor is another key."""
    return f"code/{hashlib.sha256(content).hexdigest()[:16]}/{EXECUTOR_NAME}"
