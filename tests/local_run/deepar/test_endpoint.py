"""The stand-in behind an endpoint of the emulator: the same request has the answer that the model itself gives."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from botocore.exceptions import ClientError

from local_run.deepar.model import Model
from local_run.deepar.tarballs import pack_folder
from local_run.emulator.server import Emulator
from local_run.emulator.service import LocalSageMaker
from tests.local_run.deepar.support import record, seasonal_series

REGION = "eu-central-1"
IMAGE = f"495149712605.dkr.ecr.{REGION}.amazonaws.com/forecasting-deepar:1"
LEVELS = ["0.1", "0.5", "0.9"]


@pytest.fixture(scope="module")
def runtime(seasonal_model: Model, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The client of an emulator with the endpoint ``seasonal``."""
    folder = tmp_path_factory.mktemp("model")
    seasonal_model.save(folder / "files")
    pack_folder(folder / "files", folder / "model.tar.gz")
    local = LocalSageMaker()
    with Emulator(region=REGION, middleware=local.middleware) as emulator, local.running(emulator):
        s3, sagemaker = emulator.client("s3"), emulator.client("sagemaker")
        s3.create_bucket(Bucket="models", CreateBucketConfiguration={"LocationConstraint": REGION})
        s3.upload_file(str(folder / "model.tar.gz"), "models", "model.tar.gz")
        container = {"Image": IMAGE, "ModelDataUrl": "s3://models/model.tar.gz"}
        role = "arn:aws:iam::123456789012:role/model"
        sagemaker.create_model(ModelName="seasonal", ExecutionRoleArn=role, PrimaryContainer=container)
        variant = {"VariantName": "v", "ModelName": "seasonal", "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
        sagemaker.create_endpoint_config(EndpointConfigName="seasonal", ProductionVariants=[variant])
        sagemaker.create_endpoint(EndpointName="seasonal", EndpointConfigName="seasonal")
        yield emulator.client("sagemaker-runtime")


def ask(runtime: Any, request: object) -> dict[str, Any]:
    body, kind = json.dumps(request), "application/json"
    answer = runtime.invoke_endpoint(EndpointName="seasonal", ContentType=kind, Accept=kind, Body=body)
    found: dict[str, Any] = json.loads(answer["Body"].read())
    return found


def test_the_stand_in_forecasts_the_weekly_pattern(runtime: Any) -> None:
    series = seasonal_series()
    configuration = {"num_samples": 200, "output_types": ["mean", "quantiles"], "quantiles": LEVELS}
    instances = [record(item) | {"target": item.target[:203].tolist()} for item in series]
    predictions = ask(runtime, {"instances": instances, "configuration": configuration})["predictions"]
    for prediction, item in zip(predictions, series, strict=True):
        low, median, high = (np.array(prediction["quantiles"][level]) for level in LEVELS)
        assert len(median) == 7
        assert (low <= median).all()
        assert (median <= high).all()
        assert np.abs(median - item.target[203:]).mean() < np.abs(item.target[196:203].mean() - item.target[203:]).mean()


def test_a_request_with_mistakes_is_refused_with_the_stand_ins_words(runtime: Any) -> None:
    with pytest.raises(ClientError, match=r"(?s)ModelError.*instances is \[\]; allowed: a list of at least one time series"):
        ask(runtime, {"instances": []})
