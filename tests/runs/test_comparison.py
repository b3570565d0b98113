"""Two models side by side: their figures, what differs in their templates, and why figures cannot be compared."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from typer.testing import CliRunner

from contracts import model_metadata as metadata
from contracts.layout import ExecutionLayout
from contracts.tables import ExecutionAttribute
from runs import cli_models
from runs.cli import app
from runs.comparison import compare, verdict
from runs.stack import Stack
from runs.store import ExecutionStore
from tests.fake_sagemaker import FakeSageMaker
from tests.report.support import scores

TEMPLATE = {
    "id": "daily", "baseAssets": ["sp500"], "predictedAsset": "sp500", "frequency": "1D", "predictionLength": 6,
    "quantity": "price", "unit": "", "features": {"sma": {"windows": [5]}},
}  # fmt: skip
GROUP = "arn:aws:sagemaker:eu-central-1:123456789012:model-package/group/"


class Registry:
    """Registers models of two executions, ``first`` and ``second``."""

    def __init__(self, stack: Stack, sagemaker: FakeSageMaker) -> None:
        self._stack, self._sagemaker = stack, sagemaker

    def add(self, name: str, found: dict[str, Any] | None, promoted_from: str = "", **template: Any) -> str:
        version, layout = len(self._sagemaker.packages) + 1, ExecutionLayout(name)
        content = json.dumps(TEMPLATE | template).encode()
        self._put(f"{layout.evaluation}/template.json", content)
        if found is not None:
            self._put(layout.scores, json.dumps(found).encode())
        properties = dict.fromkeys(metadata.PROPERTIES, "x") | {
            metadata.EXECUTION_ID: name,
            metadata.TRAINING_LOSS: "0.84",
            "Skill": "0.25",
            metadata.hash_key("Template"): hashlib.sha256(content).hexdigest(),
            **{
                metadata.uri_key(stem): f"s3://models/{layout.evaluation}/{item.file}"
                for stem, item in metadata.FORECAST_FILES.items()
            },
            **({metadata.PROMOTED_FROM: promoted_from} if promoted_from else {}),
        }
        self._sagemaker.packages[f"{GROUP}{version}"] = {
            "ModelPackageArn": f"{GROUP}{version}",
            "ModelPackageVersion": version,
            "ModelApprovalStatus": "Approved",
            "CreationTime": datetime(2026, 1, version, tzinfo=UTC),
            "CustomerMetadataProperties": properties,
        }
        return f"{GROUP}{version}"

    def _put(self, key: str, body: bytes) -> None:
        self._stack.s3.put_object(Bucket="models", Key=key, Body=body)


@pytest.fixture
def registry(stack: Stack, sagemaker: FakeSageMaker, monkeypatch: pytest.MonkeyPatch) -> Registry:
    stack.s3.create_bucket(Bucket="models", CreateBucketConfiguration={"LocationConstraint": stack.outputs.region})
    monkeypatch.setattr(cli_models.Stack, "load", lambda path=None: stack)
    return Registry(stack, sagemaker)


def without_loss(found: dict[str, Any]) -> dict[str, Any]:
    found["forecasters"]["model"]["price"]["test"]["predicted"]["mean_wQuantileLoss"] = None
    return found


def other_windows(found: dict[str, Any]) -> dict[str, Any]:
    return found | {"windows": found["windows"][:-1]}


def test_figures_are_side_by_side_and_the_lower_loss_is_named(stack: Stack, registry: Registry) -> None:
    made = compare(stack, registry.add("first", scores(0.1)), registry.add("second", scores(0.2)))
    figures = {name: (one, other) for name, one, other in made.figures}
    assert figures["skill"] == ("10.0% (2.0% to 20.0%)", "20.0% (2.0% to 20.0%)")
    assert figures["mean_wQuantileLoss"] == ("0.018", "0.016")
    assert figures["values in the 80% band"] == ("75%", "75%")
    assert figures["test windows"] == ("3, 2020-02-01 to 2020-04-06",) * 2
    assert (figures["execution"], figures["loss of the training"]) == (("first", "second"), ("0.84", "0.84"))
    assert (made.settings, made.reasons) == ([], [])
    assert verdict(made) == "the loss of version 2 is 11.1% lower, on 3 windows"


def test_equal_losses_have_no_winner(stack: Stack, registry: Registry) -> None:
    arn = registry.add("first", scores())
    assert verdict(compare(stack, arn, arn)) == "their losses are equal"


def test_differences_of_the_templates_are_named_by_their_path(stack: Stack, registry: Registry) -> None:
    features = {"sma": {"windows": [5, 20]}, "rsi": {}}
    made = compare(stack, registry.add("first", scores()), registry.add("second", scores(), features=features, seed=2))
    assert made.settings == [
        ("features.rsi", "–", "{}"), ("features.sma.windows", "[5]", "[5, 20]"), ("seed", "–", "2"),
    ]  # fmt: skip
    assert made.reasons == []


@pytest.mark.parametrize(
    ("found", "template", "reason"),
    [
        (None, {}, "version 2 has no scores"),
        ({"version": 1}, {}, "version 2 has no scores"),
        (without_loss(scores()), {}, "version 2 has no loss on its test windows"),
        (
            other_windows(scores()),
            {},
            "their test windows differ: 3, 2020-02-01 to 2020-04-06, and 2, 2020-02-01 to 2020-03-06",
        ),
        (scores() | {"levels": ["0.5"]}, {}, "their losses are means over different quantiles"),
        (scores(), {"predictedAsset": "wti"}, "predictedAsset differs: 'sp500' and 'wti'"),
        (scores(), {"frequency": "1W"}, "frequency differs: '1D' and '1W'"),
        (scores(), {"unit": "USD"}, "unit differs: '' and 'USD'"),
    ],
)
def test_models_that_cannot_be_compared_say_why(
    stack: Stack, registry: Registry, found: dict[str, Any] | None, template: dict[str, Any], reason: str
) -> None:
    made = compare(stack, registry.add("first", scores()), registry.add("second", found, **template))
    assert made.reasons == [reason]
    assert verdict(made) == f"not comparable: {reason}"


def test_without_scores_the_registrys_skill_is_shown(stack: Stack, registry: Registry) -> None:
    made = compare(stack, registry.add("first", None), registry.add("second", scores()))
    assert dict((name, one) for name, one, _ in made.figures)["skill"] == "25.0%"


def store_executions(stack: Stack, store: ExecutionStore) -> None:
    """Items of the executions ``first`` and ``second``, which read different price files and trained for 90 seconds."""
    for name, digest in (("first", "a"), ("second", "b")):
        version = {"Key": "k", "VersionId": "1", "Sha256": digest, "Size": 1}
        snapshot: Any = {
            "Template": {}, "Parameters": {"Epochs": "5"} if name == "second" else {}, "ImageUri": f"image:{digest}",
            "DefinitionDigest": digest * 64, "Assets": {"sp500": version},
        }  # fmt: skip
        store.create(name, snapshot, "daily", "runs")
        times = {"StartedAt": "2026-01-01T00:00:00Z", "EndedAt": "2026-01-01T00:01:30Z"}
        stack.dynamodb.Table(stack.outputs.execution_table).update_item(
            Key={ExecutionAttribute.ID: name},
            UpdateExpression="SET Steps = :steps",
            ExpressionAttributeValues={":steps": {"Training": times}},
        )


def test_other_price_files_and_the_training_time_come_from_the_executions(
    stack: Stack, registry: Registry, store: ExecutionStore
) -> None:
    store_executions(stack, store)
    made = compare(stack, registry.add("first", scores()), registry.add("second", scores()))
    assert made.reasons == ["they read different price files of sp500"]
    assert made.settings == [
        ("definition", '"aaaaaaaaaaaa"', '"bbbbbbbbbbbb"'), ("image", '"image:a"', '"image:b"'),
        ("parameter.Epochs", "–", '"5"'),
    ]  # fmt: skip
    assert {("training time", "1 min 30 s", "1 min 30 s"), ("promoted from", "–", "–")} <= set(made.figures)


def test_an_execution_with_the_id_of_a_promoted_models_training_is_another_one(
    stack: Stack, registry: Registry, store: ExecutionStore
) -> None:
    store_executions(stack, store)
    origin = "arn:aws:sagemaker:eu-central-1:210987654321:model-package/other/7"
    made = compare(stack, registry.add("first", scores()), registry.add("second", scores(), promoted_from=origin))
    assert made.reasons == []
    assert {("training time", "1 min 30 s", "–"), ("promoted from", "–", origin)} <= set(made.figures)


def test_the_command_prints_both_tables_and_the_verdict(registry: Registry) -> None:
    first, second = registry.add("first", scores(0.1)), registry.add("second", scores(0.2), seed=7)
    done = CliRunner().invoke(app, ["models", "compare", first, second])
    assert done.exit_code == 0, done.output
    assert [text in done.stdout for text in ("version 1", "version 2", "windows won", "seed")] == [True] * 4
    assert done.stdout.splitlines()[-1] == "the loss of version 2 is 11.1% lower, on 3 windows"
