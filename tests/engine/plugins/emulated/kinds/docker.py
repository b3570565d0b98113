"""Docker images in ECR: how they are read, updated and replaced."""

from __future__ import annotations

from emulated.kinds.changeable import Changeable
from local_run.emulator.resources import docker
from local_run.emulator.resources.base import Aws, Properties


class Image(Changeable, docker.Image):
    replace_on = ("imageName",)

    def read(self, aws: Aws, id_: str, state: Properties) -> Properties | None:
        repository, tag = docker.parse_image_name(aws, id_)
        digest = docker.pushed_digest(aws, repository, tag)
        return self._outputs({**state, "imageName": id_}, repository, digest) if digest else None

    def update(self, aws: Aws, id_: str, old: Properties, new: Properties) -> Properties:
        return self.create(aws, new)[1]


KINDS = (Image,)
