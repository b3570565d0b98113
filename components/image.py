"""The feature-engineering image: its repository, and the one image that the sources stand for (docs/adr/0002-image.md)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_docker as docker
from pulumi import Input, Output, ResourceOptions

from components.build_context import BuildContext
from components.names import REPOSITORY, Names

DOCKERFILE = "fe_image/Dockerfile"
STAGING = "build/image"
#: What SageMaker runs, whatever the machine that builds.
PLATFORM = "linux/amd64"
UNTAGGED_DAYS = 14

#: Left-overs of broken pushes only: a tag may be in use, by this definition or by an execution that is run again.
LIFECYCLE = json.dumps(
    {
        "rules": [
            {
                "rulePriority": 1,
                "description": "Left-overs of broken pushes",
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
    names: Names
    tags: Mapping[str, str]
    key_arn: Input[str] | None
    context: BuildContext
    #: The program's folder. A copy of the context is laid under it; the image's inputs name it relative to the folder.
    root: Path


class Image(pulumi.ComponentResource):
    """The repository and the image. ``uri`` names it by its content's tag; ``ready`` is the push."""

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
        self.uri = Output.concat(repository.repository_url, ":", args.context.tag)
        self.ready = self._create_image(repository)
        self.register_outputs({"uri": self.uri, "repository_url": self.repository_url})

    def _create_repository(self) -> aws.ecr.Repository:
        encryption: dict[str, Any] = {"encryption_type": "KMS"}
        if self._args.key_arn is not None:
            encryption["kms_key"] = self._args.key_arn
        protect = self._args.names.settings.protect_data
        return aws.ecr.Repository(
            f"{self._name}-repository",
            name=self._args.names.of(REPOSITORY),
            image_tag_mutability="IMMUTABLE",
            image_scanning_configuration={"scan_on_push": True},
            encryption_configurations=[encryption],
            force_delete=not protect,
            tags=self._args.tags,
            opts=ResourceOptions(parent=self, protect=protect),
        )

    def _create_lifecycle(self, repository: aws.ecr.Repository) -> None:
        aws.ecr.LifecyclePolicy(
            f"{self._name}-lifecycle", repository=repository.name, policy=LIFECYCLE, opts=ResourceOptions(parent=self)
        )

    def _create_image(self, repository: aws.ecr.Repository) -> docker.Image:
        """Another tag is another image; for the same tag, what was decided when it was made stays.

        Nothing else may lead to an update, which would push to a tag that can not be overwritten: neither new credentials,
        nor that the registry has the image now, nor how it would be built today.
        """
        staged = self._args.context.stage(self._args.root / STAGING)
        context = PurePosixPath(STAGING, staged.name)
        return docker.Image(
            f"{self._name}-image",
            image_name=self.uri,
            build={
                "context": str(context),
                "dockerfile": str(context / DOCKERFILE),
                "platform": PLATFORM,
                "args": {**self._args.context.build_args, "BUILDKIT_INLINE_CACHE": "1"},
                "builder_version": "BuilderBuildKit",
                "cache_from": {"images": [self.uri]},
            },
            registry=_registry(repository),
            skip_push=registry_has(repository_name=self._args.names.of(REPOSITORY), tag=self._args.context.tag),
            opts=ResourceOptions(
                parent=self,
                ignore_changes=["build", "registry", "skipPush"],
                replace_on_changes=["imageName"],
            ),
        )


def _registry(repository: aws.ecr.Repository) -> dict[str, Any]:
    """Credentials for twelve hours, kept as a secret."""
    token = aws.ecr.get_authorization_token_output()
    return {
        "server": repository.repository_url,
        "username": token.user_name,
        "password": Output.secret(token.password),
    }


def registry_has(repository_name: str, tag: str) -> bool:
    """Whether the repository exists and holds that tag, which ECR would refuse to take again.

    The repository is looked up first, since listing the images of one that does not exist is an error.
    """
    if repository_name not in aws.ecr.get_repositories().names:
        return False
    return any(image.image_tag == tag for image in aws.ecr.get_images(repository_name=repository_name).image_ids)
