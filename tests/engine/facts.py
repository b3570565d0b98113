"""What a test asks of a deployed stack, beyond what the CLI says."""

from __future__ import annotations

from typing import Any

import boto3

from tests.engine.cli import Cli


def client(deployed: Cli, service: str) -> Any:
    """The deployer's boto3 client on the stack's cloud."""
    environment = deployed.environment
    return boto3.client(
        service,
        region_name=environment["AWS_REGION"],
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
    )


def differences(old: Any, new: Any, path: str = "") -> list[str]:
    """Paths of what differs between two JSON documents."""
    if isinstance(old, dict) and isinstance(new, dict):
        keys = sorted(old.keys() | new.keys())
        return [found for key in keys for found in differences(old.get(key), new.get(key), f"{path}.{key}".lstrip("."))]
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        pairs = enumerate(zip(old, new, strict=True))
        return [found for index, pair in pairs for found in differences(*pair, f"{path}[{index}]")]
    return [] if old == new else [path]


def images(deployed: Cli) -> dict[str, str]:
    """Digest by tag, of all that the stack's registry holds."""
    name = f"model-training-{deployed.stack}-features"
    listed = client(deployed, "ecr").list_images(repositoryName=name)["imageIds"]
    return {image["imageTag"]: image["imageDigest"] for image in listed if "imageTag" in image}
