"""Docker images in ECR.

By default, nothing is built: the tag gets a small placeholder manifest, so the registry knows which images exist. With
``Aws.image_builder``, the local daemon builds the image, and the manifest contains its id.
"""

from __future__ import annotations

import hashlib
import json
import re

from contracts.problems import one_problem
from local_run.emulator.resources.base import Aws, Properties, Resource, or_none
from local_run.emulator.resources.ecr import registry_host

_NAME = re.compile(r"(?P<registry>[^/]+)/(?P<repository>[^:@]+):(?P<tag>[A-Za-z0-9_][A-Za-z0-9._-]{0,127})")
_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
_CONFIG = "application/vnd.docker.container.image.v1+json"


class Image(Resource):
    type = "docker:index/image:Image"

    def planned_id(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["imageName"])

    def create(self, aws: Aws, inputs: Properties) -> tuple[str, Properties]:
        name = str(inputs["imageName"])
        repository, tag = parse_image_name(aws, name)
        # An existing tag is not pushed again, because ECR rejects another digest under an immutable tag.
        digest = pushed_digest(aws, repository, tag)
        if digest is None and inputs.get("skipPush"):
            raise one_problem("image", "skipPush", True, f"the registry does not have {name}, so it must be pushed")
        digest = digest or self._push(aws, inputs, repository, tag)
        return name, self._outputs(inputs, repository, digest)

    def delete(self, aws: Aws, id_: str, state: Properties) -> None:
        """Do nothing. Like with the real provider, images are deleted with their repository."""

    def _push(self, aws: Aws, inputs: Properties, repository: str, tag: str) -> str:
        name = str(inputs["imageName"])
        built = aws.image_builder(inputs) if aws.image_builder else f"sha256:{hashlib.sha256(name.encode()).hexdigest()}"
        manifest = {"schemaVersion": 2, "mediaType": _MANIFEST, "layers": []}
        manifest["config"] = {"mediaType": _CONFIG, "size": 2, "digest": built}
        text = json.dumps(manifest, sort_keys=True)
        digest = f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
        aws.client("ecr").put_image(
            repositoryName=repository,
            imageTag=tag,
            imageManifest=text,
            imageManifestMediaType=_MANIFEST,
            imageDigest=digest,
        )
        return digest

    def _outputs(self, inputs: Properties, repository: str, digest: str) -> Properties:
        name, build = str(inputs["imageName"]), inputs.get("build") or {}
        registry = name.split("/", 1)[0]
        return {
            "imageName": name,
            "baseImageName": name,
            "context": build.get("context", "."),
            "dockerfile": build.get("dockerfile", "Dockerfile"),
            "platform": build.get("platform", ""),
            "registryServer": (inputs.get("registry") or {}).get("server", registry),
            "repoDigest": f"{registry}/{repository}@{digest}",
        }


def parse_image_name(aws: Aws, name: str) -> tuple[str, str]:
    """Return repository and tag of an image name in this account's registry."""
    match = _NAME.fullmatch(name)
    if match is None or match["registry"] != registry_host(aws):
        raise one_problem("image", "imageName", name, f"allowed: {registry_host(aws)}/<repository>:<tag>")
    return match["repository"], match["tag"]


def pushed_digest(aws: Aws, repository: str, tag: str) -> str | None:
    answer = or_none(aws.client("ecr").describe_images, repositoryName=repository, imageIds=[{"imageTag": tag}])
    return str(answer["imageDetails"][0]["imageDigest"]) if answer else None


RESOURCES = (Image,)
