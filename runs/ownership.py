"""To which stack a SageMaker resource belongs: its tags ``project`` and ``stack``, which everything of a stack carries."""

from __future__ import annotations

from botocore.exceptions import ClientError

from runs.aws_errors import code_of
from runs.pages import all_entries
from runs.stack import Stack

OWNER_TAGS = ("project", "stack")


def own_tags(deployed: Stack) -> dict[str, str]:
    """Return the tags of this stack, read from its pipeline.

    Raises:
        RuntimeError: the pipeline lacks them, so nothing can be recognised as this stack's.
    """
    own = owner_tags(deployed, deployed.outputs.pipeline_arn)
    if not all(own.values()):
        raise RuntimeError(f"pipeline {deployed.outputs.pipeline_arn} needs the tags {', '.join(OWNER_TAGS)}; found {own}")
    return own


def owner_tags(deployed: Stack, arn: str) -> dict[str, str]:
    """Return the tags of a SageMaker resource that say to which stack it belongs."""
    tags = {tag["Key"]: tag["Value"] for tag in all_entries(deployed.sagemaker, "list_tags", "Tags", ResourceArn=arn)}
    return {key: tags.get(key, "") for key in OWNER_TAGS}


def is_gone(error: ClientError) -> bool:
    """True if a resource does not exist. SageMaker has no error code of its own for some; their message decides."""
    return code_of(error).startswith("ResourceNotFound") or (
        code_of(error) == "ValidationException" and "could not find" in str(error).lower()
    )
