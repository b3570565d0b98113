"""S3 keys of executions, assets and the executor, and the container's folders.

Everything that an execution writes is under ``executions/<ExecutionId>/`` in the models bucket, so two executions never
overwrite each other.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from contracts.ids import check_execution_id

EXECUTIONS_PREFIX = "executions"
ASSETS_PREFIX = "assets"
EXECUTOR_NAME = "run-fe-step.py"
EVALUATION_EXECUTOR_NAME = "run-evaluation-step.py"
PREPARE_EXECUTOR_NAME = "run-prepare-step.py"
PUBLISH_EXECUTOR_NAME = "run-publish-step.py"
#: All executors, each by the export that has its URI.
EXECUTORS = {
    "executor_uri": EXECUTOR_NAME,
    "evaluation_executor_uri": EVALUATION_EXECUTOR_NAME,
    "prepare_executor_uri": PREPARE_EXECUTOR_NAME,
    "publish_executor_uri": PUBLISH_EXECUTOR_NAME,
}

#: The container's folders, as SageMaker defines them. If the step runs as a process on a developer's machine, they are below
#: ``CONTAINER_ROOT`` (see :mod:`contracts.environment`).
ML_ROOT = "/opt/ml"
PROCESSING_ROOT = f"{ML_ROOT}/processing"
INPUT_ASSETS_DIR = f"{PROCESSING_ROOT}/input/assets"
INPUT_CODE_DIR = f"{PROCESSING_ROOT}/input/code"
#: Further inputs of the evaluation step: the request lines with their index, the transform's output, the feature step's fitted
#: state (``evaluation/``), and its manifest.
INPUT_REQUESTS_DIR = f"{PROCESSING_ROOT}/input/requests"
INPUT_BACKTEST_DIR = f"{PROCESSING_ROOT}/input/backtest"
INPUT_FITTED_DIR = f"{PROCESSING_ROOT}/input/fitted"
INPUT_MANIFEST_DIR = f"{PROCESSING_ROOT}/input/manifest"
#: Input of the publishing step: the transform's output.
INPUT_SAMPLES_DIR = f"{PROCESSING_ROOT}/input/samples"
OUTPUT_ROOT = f"{PROCESSING_ROOT}/output"
EXIT_MESSAGE_FILE = f"{ML_ROOT}/output/message"

#: Names of the feature step's outputs; each is a folder under OUTPUT_ROOT and a prefix under the execution's.
#: ``manifest`` holds only manifest.json and is uploaded to the execution's own prefix, outside the channel prefixes.
OUTPUTS = ("train", "test", "features", "requests", "evaluation", "manifest")
#: Names of the evaluation step's outputs. Both steps write to the same two prefixes, and no two of their files share a name.
EVALUATION_OUTPUTS = ("evaluation", "manifest")
#: Names of the outputs of the forecast pipeline's two processing steps.
PREPARE_OUTPUTS = ("requests", "manifest")
PUBLISH_OUTPUTS = ("forecast", "manifest")

GATE_FILE = "gate.json"
#: No skill is above 1. The gate requires this of an ablation, so that it is never registered.
UNREACHABLE_SKILL = 2.0
#: Further files of the evaluation step, in ``evaluation/``.
SCORES_FILE = "scores.json"
CHAMPION_FILE = "champion.json"
CALIBRATION_FILE = "calibration.json"
TEMPLATE_FILE = "template.json"  # the execution's frozen template
#: Files of the feature step, in ``evaluation/``.
TARGET_FILE = "target.json"
SCALES_FILE = "scales.json"
IMPORTANCE_FILE = "importance.json"
#: SageMaker's model quality statistics, for ModelMetrics.
STATISTICS_FILE = "statistics.json"
EVALUATION_MANIFEST_NAME = "evaluation-manifest.json"
PUBLISH_MANIFEST_NAME = "publish-manifest.json"
#: Keys of the property file ``evaluation/gate.json``: skill against the best baseline, the least skill that the template
#: accepts (-gateMargin), and their difference, which the definition compares with 0.
GATE_SKILL = "skill"
GATE_REQUIRED_SKILL = "requiredSkill"
GATE_EXCESS = "skillExcess"
GATE_BEST_BASELINE = "bestBaseline"
#: Sums of quantile losses of the predicted asset's prices on the test windows, of which skill is 1 minus the ratio.
GATE_LOSS = "loss"
GATE_BASELINE_LOSS = "baselineLoss"
#: SHA-256 (hexadecimal) of the files that a later forecast needs, as stored in ``evaluation/``. The registered model's metadata
#: has them next to the files' S3 URIs.
GATE_TARGET_SHA256 = "targetSha256"
GATE_SCALES_SHA256 = "scalesSha256"
GATE_CALIBRATION_SHA256 = "calibrationSha256"
GATE_TEMPLATE_SHA256 = "templateSha256"
#: The training step's own final metric; it is shown and decides nothing.
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
        """Prefix of everything that the execution writes."""
        return f"{EXECUTIONS_PREFIX}/{self.execution_id}"

    @property
    def features_csv(self) -> str:
        """The feature table that the processing step computed, CSV."""
        return f"{self.prefix}/features/features.csv"

    @property
    def train_json(self) -> str:
        """Training channel: one JSON line per base asset, up to the training end."""
        return f"{self.prefix}/train/train.json"

    @property
    def test_json(self) -> str:
        """Test channel: one JSON line per test window of the predicted asset."""
        return f"{self.prefix}/test/test.json"

    @property
    def model(self) -> str:
        """Prefix of the training job's output; SageMaker adds ``<job name>/output/model.tar.gz``."""
        return f"{self.prefix}/model"

    @property
    def requests(self) -> str:
        """Prefix of the backtest's request lines (``lines/``) and their index, see :mod:`contracts.backtest`."""
        return f"{self.prefix}/requests"

    @property
    def request_lines(self) -> str:
        """The transform's input prefix. The index is outside, because every object here is sent to the model."""
        return f"{self.requests}/lines"

    @property
    def backtest(self) -> str:
        """Prefix of the transform's output: ``<file of request lines>.out``, lines in input order."""
        return f"{self.prefix}/backtest"

    @property
    def samples(self) -> str:
        """Prefix of the output of the forecast pipeline's transform."""
        return f"{self.prefix}/samples"

    @property
    def forecast(self) -> str:
        """Prefix of the published forecast of the coming steps: ``forecast.csv``, ``.json`` and ``.parquet``."""
        return f"{self.prefix}/forecast"

    @property
    def forecast_json(self) -> str:
        """The published forecast as JSON."""
        return f"{self.forecast}/forecast.json"

    @property
    def publish_manifest(self) -> str:
        """Names, sizes and SHA-256 of the publishing step's outputs; written last."""
        return f"{self.prefix}/{PUBLISH_MANIFEST_NAME}"

    @property
    def evaluation(self) -> str:
        """Prefix of the evaluation: property file, baselines, importance, forecasts."""
        return f"{self.prefix}/evaluation"

    @property
    def gate_json(self) -> str:
        """The quality gate's property file, which the definition reads with JsonGet."""
        return f"{self.evaluation}/{GATE_FILE}"

    @property
    def scores(self) -> str:
        """The scores of the model and of all baselines."""
        return f"{self.evaluation}/{SCORES_FILE}"

    @property
    def logs(self) -> str:
        """Prefix of the steps' whole logs."""
        return f"{self.prefix}/logs"

    @property
    def step_log(self) -> str:
        """The whole log of the feature step, synced while it runs."""
        return f"{self.logs}/feature-engineering.log"

    @property
    def manifest(self) -> str:
        """Names, sizes and SHA-256 of the processing step's outputs; written last."""
        return f"{self.prefix}/manifest.json"

    @property
    def evaluation_manifest(self) -> str:
        """Names, sizes and SHA-256 of the evaluation step's outputs; written last."""
        return f"{self.prefix}/{EVALUATION_MANIFEST_NAME}"

    @property
    def evaluation_log(self) -> str:
        """The whole log of the evaluation step, synced while it runs."""
        return f"{self.logs}/evaluation.log"

    @property
    def prepare_log(self) -> str:
        """The whole log of the preparing step, synced while it runs."""
        return f"{self.logs}/prepare.log"

    @property
    def publish_log(self) -> str:
        """The whole log of the publishing step, synced while it runs."""
        return f"{self.logs}/publish.log"

    @property
    def forecasts(self) -> str:
        """The forecasts of each test window as prices, see :mod:`contracts.forecasts`."""
        return f"{self.evaluation}/forecasts.json"


#: Largest price history; checked when it is stored, when an execution starts, and in the step.
ASSET_MAX_BYTES = 256 * 1024 * 1024


def asset_key(asset: str) -> str:
    """Return the key of an asset's price history (CSV: Date, Close) in the assets bucket."""
    return f"{ASSETS_PREFIX}/{asset}.csv"


def executor_key(name: str, content: bytes) -> str:
    """Return an executor's key in the pipeline bucket, with a hash of the content: a changed executor has a new key."""
    return f"code/{hashlib.sha256(content).hexdigest()[:16]}/{name}"
