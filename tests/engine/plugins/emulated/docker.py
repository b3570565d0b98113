"""The ``docker`` package: images built from their context and pushed to the emulator's registry.

As with the real provider, the context's digest, file modes included, is one of the inputs; credentials are not compared; a
build is not reproducible, so that pushing a tag that exists is refused by the registry; and nothing is known of an image in a
preview.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from pathlib import Path

from emulated.kinds.changeable import Changeable
from emulated.kinds.docker import Image
from emulated.service import Provider, RefusedError
from emulated.wire import UNKNOWN, Properties
from local_run.emulator.resources import Aws
from local_run.emulator.resources.docker import parse_image_name, pushed_digest

_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


class BuiltImage(Image):
    """An image whose every build is another digest."""

    def create(self, aws: Aws, inputs: Properties) -> tuple[str, Properties]:
        name = str(inputs["imageName"])
        repository, tag = parse_image_name(aws, name)
        if inputs.get("skipPush"):
            digest = pushed_digest(aws, repository, tag)
            if digest is None:
                raise RefusedError(f"{name}: the push is skipped, and the registry does not have it")
        else:
            digest = _push(aws, repository, tag, str(inputs["build"]["contextDigest"]))
        return name, self._outputs(inputs, repository, digest)

    def read(self, aws: Aws, id_: str, state: Properties) -> Properties | None:
        """The real provider looks at nothing."""
        return state


class DockerProvider(Provider):
    supports_preview = False
    _image = BuiltImage()

    def _kind(self, request: object) -> Changeable:
        kind = super()._kind(request)
        return self._image if isinstance(kind, Image) else kind

    def checked(self, kind: Changeable, inputs: Properties) -> Properties:
        build = inputs.get("build")
        if not isinstance(build, dict) or build.get("context") in (None, UNKNOWN):
            raise RefusedError("docker image: build.context is missing")
        dockerfile = Path(build.get("dockerfile", Path(build["context"]) / "Dockerfile"))
        if not dockerfile.is_file():
            raise RefusedError(f"could not open dockerfile at relative path {dockerfile}")
        return {**inputs, "build": {**build, "contextDigest": _context_digest(Path(build["context"]))}}

    def ignored(self, old: Properties, new: Properties) -> tuple[str, ...]:
        return ("registry.username", "registry.password")


def _context_digest(context: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(context.rglob("*")):
        digest.update(f"{path.relative_to(context)} {path.stat().st_mode:o}\n".encode())
        digest.update(path.read_bytes() if path.is_file() else b"")
    return digest.hexdigest()


def _push(aws: Aws, repository: str, tag: str, context_digest: str) -> str:
    built = hashlib.sha256(f"{context_digest}{secrets.token_hex(8)}".encode()).hexdigest()
    manifest = {"schemaVersion": 2, "mediaType": _MANIFEST, "config": {"digest": f"sha256:{built}"}, "layers": []}
    answer = aws.client("ecr").put_image(
        repositoryName=repository, imageTag=tag, imageManifest=json.dumps(manifest), imageManifestMediaType=_MANIFEST
    )
    return str(answer["image"]["imageId"]["imageDigest"])
