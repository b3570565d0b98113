"""A pipeline whose definition is an object in S3: deployed by the program, read by the emulator, run from the object's text."""

from __future__ import annotations

import boto3
from emulated.kinds.sagemaker import Pipeline
from moto import mock_aws

from contracts.regions import partition
from local_run.emulator.resources.base import Aws
from tests.pipeline_def.definitions import REGION, good_text

ACCOUNT = "123456789012"
KEY = "definitions/abc.json"


@mock_aws
def test_a_pipeline_is_created_updated_and_read_with_its_definition_in_s3() -> None:
    s3 = boto3.client("s3", region_name=REGION)
    s3.create_bucket(Bucket="definitions-of-dev", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="definitions-of-dev", Key=KEY, Body=good_text().encode())
    aws = Aws(lambda service, region: boto3.client(service, region_name=region), ACCOUNT, REGION)
    inputs = {
        "pipelineName": "dev",
        "pipelineDefinitionS3Location": {"bucket": "definitions-of-dev", "objectKey": KEY},
        "roleArn": f"arn:{partition(REGION)}:iam::{ACCOUNT}:role/pipeline",
    }
    id_, state = Pipeline().create(aws, inputs)
    client = boto3.client("sagemaker", region_name=REGION)
    assert client.describe_pipeline(PipelineName="dev")["PipelineDefinition"] == good_text()
    read = Pipeline().read(aws, id_, state)
    assert read is not None
    assert read["pipelineDefinitionS3Location"] == inputs["pipelineDefinitionS3Location"]
    assert "pipelineDefinition" not in read
    s3.put_object(Bucket="definitions-of-dev", Key="definitions/def.json", Body=good_text(True).encode())
    changed = {**inputs, "pipelineDefinitionS3Location": {"bucket": "definitions-of-dev", "objectKey": "definitions/def.json"}}
    Pipeline().update(aws, id_, state, changed)
    assert client.describe_pipeline(PipelineName="dev")["PipelineDefinition"] == good_text(True)
