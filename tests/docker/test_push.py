"""One tag, one image, pushed once even after failures (docs/adr/0002-image.md), to a registry whose tags cannot move."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from components.build_context import ALLOWED, BuildContext
from components.image import DOCKERFILE, PLATFORM
from local_run.docker_image import build_image
from tests.components.recording import ROOT
from tests.docker.conftest import BuiltImage
from tests.docker.daemon import Docker
from tests.docker.immutable_registry import ImmutableRegistry
from tests.docker.shipping import REPOSITORY, Shipper, small_project

pytestmark = pytest.mark.docker

COMPRESSED_LIMIT = 250_000_000
UPLOAD_SECONDS = 60


@pytest.fixture
def shipper(docker: Docker, base_image: str, registry: ImmutableRegistry) -> Iterator[Shipper]:
    registry.pushed.clear()
    registry.refused.clear()
    yield Shipper(docker, registry, base_image)
    for tag in registry.pushed:
        for name in (f"{registry.address}/{REPOSITORY}:{tag}", Shipper(docker, registry, base_image).digest(tag)):
            docker.attempt("image", "rm", "--force", name)


def content(shipper: Shipper, tag: str) -> str:
    """The labels of the registry's image, pulled again."""
    name = shipper.name(tag)
    shipper.docker.attempt("image", "rm", name)
    shipper.docker.run("pull", "--quiet", name)
    return shipper.docker.shell(name, "cat /content")


def test_what_the_registry_has_is_pushed_once(shipper: Shipper, tmp_path: Path) -> None:
    project = small_project(tmp_path, "once")
    tag = shipper.up(project)
    first = shipper.digest(tag)
    assert [shipper.up(project), shipper.up(project)] == [tag, tag]
    assert shipper.registry.pushed == [tag]
    assert shipper.digest(tag) == first
    assert content(shipper, tag) == "once"


def test_the_same_content_built_elsewhere_does_not_move_the_tag(shipper: Shipper, tmp_path: Path) -> None:
    """Another path, umask and build: the image is another, so only the rule lets ``up`` succeed."""
    tag = shipper.up(small_project(tmp_path / "here", "elsewhere"))
    first = shipper.digest(tag)
    before = os.umask(0o077)
    try:
        there = small_project(tmp_path / "a longer path" / "there", "elsewhere")
    finally:
        os.umask(before)
    assert shipper.context(there).tag == tag
    staged = shipper.context(there).stage(there / "staging")
    arguments = ["--build-arg", f"BASE_IMAGE={shipper.base_image}", "--file", str(staged / DOCKERFILE), str(staged)]
    shipper.docker.run("build", "--no-cache", "--tag", shipper.name(tag), *arguments)
    refused = shipper.docker.attempt("push", shipper.name(tag))
    assert refused.returncode != 0
    assert "immutable" in refused.stdout + refused.stderr
    assert shipper.registry.refused == [tag]
    assert shipper.up(there) == tag
    assert shipper.registry.pushed == [tag]
    assert shipper.digest(tag) == first


def test_a_push_that_is_killed_is_made_good_by_the_next_up(shipper: Shipper, tmp_path: Path) -> None:
    project = small_project(tmp_path, "interrupted")
    tag = shipper.build(project)
    registry = shipper.registry
    registry.upload_begun.clear()
    registry.uploads_allowed.clear()
    push = shipper.docker.begin("push", shipper.name(tag))
    try:
        assert registry.upload_begun.wait(UPLOAD_SECONDS), "the push never began to upload"
        assert push.poll() is None
    finally:
        push.kill()
        push.wait()
        registry.uploads_allowed.set()
    assert tag not in registry.tags(REPOSITORY)
    assert not shipper.registry_has(tag)
    assert shipper.up(project) == tag
    assert registry.pushed == [tag]
    assert content(shipper, tag) == "interrupted"


def test_an_up_that_is_killed_after_its_push_is_made_good(shipper: Shipper, tmp_path: Path) -> None:
    """The registry has the image, the state does not list it, and this machine's copy is gone."""
    project = small_project(tmp_path, "killed late")
    tag = shipper.build(project)
    shipper.docker.run("push", shipper.name(tag))
    shipper.docker.run("image", "rm", shipper.name(tag))
    assert shipper.up(project) == tag
    assert shipper.registry.pushed == [tag]
    assert not shipper.docker.has(shipper.name(tag)), "what the registry has is not built again"


def test_back_to_an_earlier_content(shipper: Shipper, tmp_path: Path) -> None:
    project = small_project(tmp_path, "first")
    first = shipper.up(project)
    digest = shipper.digest(first)
    second = shipper.up(small_project(tmp_path, "second"))
    assert second != first
    assert shipper.up(small_project(tmp_path, "first")) == first
    assert shipper.registry.pushed == [first, second]
    assert shipper.registry.refused == []
    assert shipper.digest(first) == digest
    assert [content(shipper, first), content(shipper, second)] == ["first", "second"]


def test_the_projects_own_context_from_another_path_and_umask(image: BuiltImage, tmp_path: Path) -> None:
    """The same tag, and for the daemon the same files and modes: a build of the copy comes from its cache, layer by layer.

    The daemon's cache is that of its newest build of these files, which may be another than the session's: so it is asked anew.
    """
    before = os.umask(0o077)
    try:
        for name in ALLOWED:
            shutil.copytree(ROOT / name, tmp_path / "copy" / name, copy_function=shutil.copyfile)
        context = BuildContext.read(tmp_path / "copy", build_args(image), PLATFORM)
        staged = context.stage(tmp_path / "staged")
    finally:
        os.umask(before)
    assert context.tag == image.tag
    again = {**image.inputs, "imageName": f"copy:{context.tag}", "build": {**image.inputs["build"], "context": str(staged)}}
    again["build"]["dockerfile"] = str(staged / DOCKERFILE)
    try:
        assert build_image(image.docker.executable, tmp_path, again) == build_image(image.docker.executable, ROOT, image.inputs)
    finally:
        image.docker.attempt("image", "rm", again["imageName"])


def build_args(image: BuiltImage) -> dict[str, str]:
    """Those that are part of the tag: not the one that makes BuildKit keep its cache in the image."""
    return {name: value for name, value in image.inputs["build"]["args"].items() if name != "BUILDKIT_INLINE_CACHE"}


def test_the_projects_image_is_small_enough(
    image: BuiltImage, registry: ImmutableRegistry, capsys: pytest.CaptureFixture[str]
) -> None:
    name = f"{registry.address}/size:{image.tag}"
    image.docker.run("tag", image.id, name)
    try:
        image.docker.run("push", "--quiet", name)
    finally:
        image.docker.run("image", "rm", name)
    layers = [layer["size"] for layer in registry.manifest("size", image.tag)["layers"]]
    with capsys.disabled():
        print(f"\ncompressed: {sum(layers) / 1e6:.1f} MB in {len(layers)} layers")
    assert 0 < sum(layers) <= COMPRESSED_LIMIT
