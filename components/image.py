"""The feature-engineering image and its repository (docs/adr/0002-image.md)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_docker as docker
from pulumi import Output, ResourceOptions

from components.build_context import BuildContext
from components.context import StackContext
from components.names import REPOSITORY

DOCKERFILE = "fe_image/Dockerfile"
STAGING = "build/image"
#: The platform of SageMaker's instances, which may differ from the machine that builds the image.
PLATFORM = "linux/amd64"
UNTAGGED_DAYS = 14

#: Expires untagged images only: a tag may be in use by the definition, or by an execution that is run again.
LIFECYCLE = json.dumps(
    {
        "rules": [
            {
                "rulePriority": 1,
                "description": "Untagged images from interrupted pushes",
                "selection": {
                    "tagStatus": "untagged",
                    "countType": "sinceImagePushed",
                    "countUnit": "days",
                    "countNumber": UNTAGGED_DAYS,
                },
                "action": {"type": "expire"},
            }
        ]
    },
    sort_keys=True,
    separators=(",", ":"),
)


@dataclass(frozen=True)
class ImageArgs:
    context: StackContext
    build_context: BuildContext
    #: The program's folder. The context is copied into it; the image's inputs name the copy relative to the folder.
    root: Path


class Image(pulumi.ComponentResource):
    """The repository and the image. ``uri`` names the image by its content tag; ``ready`` is the pushed image."""

    uri: Output[str]
    repository_url: Output[str]
    ready: pulumi.Resource

    def __init__(self, name: str, args: ImageArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("model-training:image:Image", name, {}, opts)
        self._name = name
        self._args = args
        repository = self._create_repository()
        self._create_lifecycle(repository)
        self.repository_url = repository.repository_url
        self.uri = Output.concat(repository.repository_url, ":", args.build_context.tag)
        self.ready = self._create_image(repository)
        self.register_outputs({"uri": self.uri, "repository_url": self.repository_url})

    def _create_repository(self) -> aws.ecr.Repository:
        encryption: dict[str, Any] = {"encryption_type": "KMS"}
        if self._args.context.key_arn is not None:
            encryption["kms_key"] = self._args.context.key_arn
        return aws.ecr.Repository(
            f"{self._name}-repository",
            name=self._args.context.names.of(REPOSITORY),
            image_tag_mutability="IMMUTABLE",
            image_scanning_configuration={"scan_on_push": True},
            encryption_configurations=[encryption],
            force_delete=not self._args.context.settings.protect_data,
            tags=self._args.context.tags,
            opts=self._args.context.protected(self),
        )

    def _create_lifecycle(self, repository: aws.ecr.Repository) -> None:
        aws.ecr.LifecyclePolicy(
            f"{self._name}-lifecycle",
            repository=repository.name,
            policy=LIFECYCLE,
            opts=self._args.context.protected(self),
        )

    def _create_image(self, repository: aws.ecr.Repository) -> docker.Image:
        """Replace the image only if its tag changes.

        An update would push to a tag that cannot be overwritten. So new credentials, an image that the registry has by now,
        and other build options change nothing for an existing tag.
        """
        staged = self._args.build_context.stage(self._args.root / STAGING)
        folder = PurePosixPath(STAGING, staged.name)
        return docker.Image(
            f"{self._name}-image",
            image_name=self.uri,
            build={
                "context": str(folder),
                "dockerfile": str(folder / DOCKERFILE),
                "platform": PLATFORM,
                "args": {**self._args.build_context.build_args, "BUILDKIT_INLINE_CACHE": "1"},
                "builder_version": "BuilderBuildKit",
                "cache_from": {"images": [self.uri]},
            },
            registry=_registry(repository),
            skip_push=registry_has(repository_name=self._args.context.names.of(REPOSITORY), tag=self._args.build_context.tag),
            opts=ResourceOptions(
                parent=self,
                ignore_changes=["build", "registry", "skipPush"],
                replace_on_changes=["imageName"],
            ),
        )


def _registry(repository: aws.ecr.Repository) -> dict[str, Any]:
    """Credentials that are valid for twelve hours; the password is a secret in the state."""
    token = aws.ecr.get_authorization_token_output()
    return {
        "server": repository.repository_url,
        "username": token.user_name,
        "password": Output.secret(token.password),
    }


def registry_has(repository_name: str, tag: str) -> bool:
    """True if the repository exists and has the tag, which ECR would then not accept again.

    The repository is looked up first, because listing the images of a missing repository is an error.
    """
    if repository_name not in aws.ecr.get_repositories().names:
        return False
    return any(image.image_tag == tag for image in aws.ecr.get_images(repository_name=repository_name).image_ids)
