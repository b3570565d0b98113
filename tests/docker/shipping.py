"""What ``pulumi up`` does with the image, by the Docker command line against a registry: the program's own rule decides."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from components.build_context import BuildContext
from components.image import DOCKERFILE, PLATFORM, registry_has
from local_run.docker_image import build_image
from tests.components.recording import PROJECT, Recorder, configuration, run_in_context
from tests.docker.daemon import Docker
from tests.docker.immutable_registry import ImmutableRegistry

REPOSITORY = f"{PROJECT}-dev-features"
REGION = "eu-central-1"
#: A small image with the project's layout. No build of it equals another, which is what makes moving a tag dangerous.
SMALL_DOCKERFILE = """ARG BASE_IMAGE
FROM ${BASE_IMAGE}
COPY fe_image/content.py /content
RUN head -c 3000000 /dev/urandom > /random
"""


@dataclass(frozen=True)
class Shipper:
    """One machine with a daemon and a registry; keeps no state between two calls of ``up``, as after a state that was lost."""

    docker: Docker
    registry: ImmutableRegistry
    base_image: str

    def context(self, project: Path) -> BuildContext:
        return BuildContext.read(project, {"BASE_IMAGE": self.base_image}, PLATFORM)

    def name(self, tag: str) -> str:
        return f"{self.registry.address}/{REPOSITORY}:{tag}"

    def registry_has(self, tag: str) -> bool:
        """The program's own question, answered by what the registry holds now."""
        held = tuple(self.registry.tags(REPOSITORY))
        exists = REPOSITORY in self.registry.repositories()
        recorder = Recorder(region=REGION, held_tags=held, repository_exists=exists)
        answers: list[bool] = []
        run_in_context(lambda: answers.append(registry_has(REPOSITORY, tag)), recorder, configuration("dev"))
        return answers[0]

    def build(self, project: Path) -> str:
        """Build the staged copy of the project's context; the tag."""
        context = self.context(project)
        staged = context.stage(project / "build" / "image")
        build = {
            "context": str(staged.relative_to(project)),
            "dockerfile": str((staged / DOCKERFILE).relative_to(project)),
            "platform": PLATFORM,
            "args": dict(context.build_args),
        }
        build_image(self.docker.executable, project, {"imageName": self.name(context.tag), "build": build})
        return context.tag

    def up(self, project: Path) -> str:
        """Build and push, unless the registry has it; the tag."""
        tag = self.context(project).tag
        if not self.registry_has(tag):
            self.build(project)
            self.docker.run("push", self.name(tag))
        return tag

    def digest(self, tag: str) -> str:
        """Of the image's configuration, which is the image's identity."""
        return str(self.registry.manifest(REPOSITORY, tag)["config"]["digest"])


def small_project(folder: Path, content: str) -> Path:
    for name in ("contracts", "fe_image"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "contracts" / "settings.json").write_text(json.dumps({"a": 1}))
    (folder / "fe_image" / "Dockerfile").write_text(SMALL_DOCKERFILE)
    (folder / "fe_image" / "content.py").write_text(content)
    return folder
