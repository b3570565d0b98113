"""Where moto 5 lacks or misreads what the deployment needs, put right in its own classes.

- Bucket policies: see :mod:`local_run.bucket_policies`.
- DynamoDB, whose transactions put back a copy of all tables when they fail, and with it lose what others wrote meanwhile: one
  call at a time.
- SageMaker's DeleteModelPackageGroup, which moto does not have. As on AWS, a group that holds model packages stays.

What SageMaker pipelines need beyond this stands in :mod:`local_run.sagemaker`.
"""

from __future__ import annotations

import threading
from typing import Any

from moto.core.responses import EmptyResult
from moto.dynamodb.responses import DynamoHandler
from moto.s3.models import FakeBucket
from moto.sagemaker.exceptions import ConflictException
from moto.sagemaker.responses import SageMakerResponse

from local_run.bucket_policies import bucket_permission

_dynamodb = threading.Lock()
_call_dynamodb = DynamoHandler.call_action


def correct_moto() -> None:
    """Apply every correction. Done once or often, the effect is the same."""
    FakeBucket.get_permission = bucket_permission
    DynamoHandler.call_action = _one_at_a_time
    SageMakerResponse.delete_model_package_group = _delete_model_package_group


def _one_at_a_time(handler: Any) -> Any:
    with _dynamodb:
        return _call_dynamodb(handler)


def _delete_model_package_group(response: Any) -> Any:
    backend = response.sagemaker_backend
    name = backend.describe_model_package_group(response._get_param("ModelPackageGroupName")).model_package_group_name
    held = [package.arn for package in backend.model_packages.values() if package.model_package_group_name == name]
    if held:
        raise ConflictException(f"Model package group {name} holds {len(held)} model packages; delete them first.")
    del backend.model_package_groups[name]
    return EmptyResult()
