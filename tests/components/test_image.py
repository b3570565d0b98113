from __future__ import annotations

import json
import stat

from components.build_context import BuildContext
from components.image import PLATFORM
from tests.components.recording import ACCOUNT, ROOT, Recorder, run_program

IMAGE = "docker:index/image:Image"


def tag_of(recorded: Recorder) -> str:
    return str(recorded.exports["imageUri"]).rpartition(":")[2]


def test_tags_cannot_be_moved_and_pushes_are_scanned(recorded: Recorder) -> None:
    repository = recorded.one("aws:ecr/repository:Repository").inputs
    assert repository["imageTagMutability"] == "IMMUTABLE"
    assert repository["imageScanningConfiguration"] == {"scanOnPush": True}
    (encryption,) = repository["encryptionConfigurations"]
    assert encryption["encryptionType"] == "KMS"


def test_no_tag_ever_expires(recorded: Recorder) -> None:
    (rule,) = json.loads(recorded.one("aws:ecr/lifecyclePolicy:LifecyclePolicy").inputs["policy"])["rules"]
    assert rule["selection"]["tagStatus"] == "untagged"


def test_the_tag_is_the_content(dev: Recorder) -> None:
    context = BuildContext.read(ROOT, {"BASE_IMAGE": "python:3.11-slim-bookworm"}, PLATFORM)
    assert tag_of(dev) == context.tag
    assert dev.one(IMAGE).inputs["imageName"] == dev.exports["imageUri"]
    assert dev.exports["imageUri"] in dev.named("pipeline-pipeline").inputs["pipelineDefinition"]


def test_another_base_is_another_image(dev: Recorder) -> None:
    assert tag_of(run_program("dev", baseImage="python:3.11.9-slim-bookworm")) != tag_of(dev)


def test_built_for_sagemakers_platform_from_the_copied_context(dev: Recorder) -> None:
    build = dev.one(IMAGE).inputs["build"]
    assert build["platform"] == "linux/amd64"
    assert build["context"] == f"build/image/{tag_of(dev)}"
    assert build["args"]["BASE_IMAGE"] == "python:3.11-slim-bookworm"
    dockerfile = ROOT / build["dockerfile"]
    assert dockerfile.read_bytes() == (ROOT / "fe_image" / "Dockerfile").read_bytes()
    assert stat.S_IMODE(dockerfile.stat().st_mode) == 0o644


def test_a_first_deployment_builds_and_asks_no_repository_that_is_not_there(dev: Recorder) -> None:
    assert dev.one(IMAGE).inputs["skipPush"] is False
    assert "aws:ecr/getImages:getImages" not in dev.invokes


def test_a_tag_that_the_registry_has_is_not_pushed_again(dev: Recorder) -> None:
    held = Recorder(region="eu-central-1", held_tags=(tag_of(dev), "other"), repository_exists=True)
    assert run_program("dev", held).one(IMAGE).inputs["skipPush"] is True


def test_other_tags_in_the_registry_do_not_matter(dev: Recorder) -> None:
    other = Recorder(region="eu-central-1", held_tags=("other",), repository_exists=True)
    recorded = run_program("dev", other)
    assert recorded.one(IMAGE).inputs["skipPush"] is False
    assert "aws:ecr/getImages:getImages" in recorded.invokes


def test_having_been_pushed_is_no_change(dev: Recorder) -> None:
    request = dev.requests[(IMAGE, dev.one(IMAGE).name)]
    assert list(request.ignoreChanges) == ["build", "registry", "skipPush"]
    assert list(request.replaceOnChanges) == ["imageName"]


def test_registry_credentials_are_secret(dev: Recorder) -> None:
    request = dev.requests[(IMAGE, dev.one(IMAGE).name)]
    password = request.object["registry"]["password"]
    signature = password["4dabf18193072939515e22adb298388d"]
    assert signature == "1b47061264138c4ac30d75fd1eb44270", "the wire's mark of a secret"
    assert password["value"] == "a-secret-password"
    assert "a-secret-password" not in json.dumps(dev.exports)


def test_the_pipeline_waits_for_the_push(dev: Recorder) -> None:
    request = dev.requests[("aws:sagemaker/pipeline:Pipeline", "pipeline-pipeline")]
    assert any(urn.endswith(f"{IMAGE}::image-image") for urn in request.dependencies)


def test_prod_encrypts_with_its_key(prod: Recorder) -> None:
    (encryption,) = prod.one("aws:ecr/repository:Repository").inputs["encryptionConfigurations"]
    assert encryption["kmsKey"].startswith(f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/")
