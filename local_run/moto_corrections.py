"""Where moto 5 lacks or misreads what the deployment needs, put right in its own classes.

- Bucket policies: see :mod:`local_run.bucket_policies`.
- SageMaker's DeleteModelPackageGroup, which moto does not have. As on AWS, a group that holds model packages stays.

What SageMaker pipelines need beyond this stands in :mod:`local_run.sagemaker`.
"""

from __future__ import annotations

from typing import Any

from moto.core.responses import EmptyResult
from moto.s3.models import FakeBucket
from moto.sagemaker.exceptions import ConflictException
from moto.sagemaker.responses import SageMakerResponse

from local_run.bucket_policies import bucket_permission


def correct_moto() -> None:
    """Apply every correction. Done once or often, the effect is the same."""
    FakeBucket.get_permission = bucket_permission
    SageMakerResponse.delete_model_package_group = _delete_model_package_group


def _delete_model_package_group(response: Any) -> Any:
    backend = response.sagemaker_backend
    name = backend.describe_model_package_group(response._get_param("ModelPackageGroupName")).model_package_group_name
    held = [package.arn for package in backend.model_packages.values() if package.model_package_group_name == name]
    if held:
        raise ConflictException(f"Model package group {name} holds {len(held)} model packages; delete them first.")
    del backend.model_package_groups[name]
    return EmptyResult()
