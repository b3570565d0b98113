"""Container images: scanned, immutable, kept while in use, closed; and how ours is built."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from policies.controls import ADVISORY, Finding, ResourceControl, StackControl, must_be
from policies.documents import RESOURCE_DOCUMENTS, allowing, unreadable
from policies.principals import unnamed
from policies.resources import Resource, Stack

REPOSITORY = "aws:ecr/repository:Repository"
REPOSITORY_POLICY = "aws:ecr/repositoryPolicy:RepositoryPolicy"
LIFECYCLE = "aws:ecr/lifecyclePolicy:LifecyclePolicy"
IMAGE = "docker:index/image:Image"
_ROOT = Path(__file__).resolve().parent.parent


def _scanned(repository: Resource) -> Iterator[Finding]:
    yield from must_be(repository, "imageScanningConfiguration.scanOnPush", True)


def _immutable(repository: Resource) -> Iterator[Finding]:
    yield from must_be(repository, "imageTagMutability", "IMMUTABLE")


def _has_lifecycle(repository: Resource, stack: Stack) -> Iterator[Finding]:
    if not stack.companions(repository, LIFECYCLE, "repository"):
        yield Finding("its LifecyclePolicy", None, f"needed: one {LIFECYCLE} for each repository")


def _keeps_tags(lifecycle: Resource) -> Iterator[Finding]:
    """The registry can not know which tag a pipeline names, so no tagged image may expire."""
    rules = _rules(lifecycle.get("policy"))
    if not rules:
        yield Finding("policy", lifecycle.get("policy"), "allowed: JSON with at least one rule")
    for index, rule in enumerate(rules):
        selection = rule.get("selection")
        status = selection.get("tagStatus") if isinstance(selection, dict) else None
        if status != "untagged":
            yield Finding(
                f"policy.rules[{index}].selection.tagStatus", status, "allowed: untagged; a tagged image may be in use"
            )


def _rules(text: Any) -> list[dict[str, Any]]:
    try:
        found = json.loads(text)
    except (TypeError, ValueError):
        return []
    rules = found.get("rules") if isinstance(found, dict) else None
    return [rule for rule in rules if isinstance(rule, dict)] if isinstance(rules, list) else []


def _by_kms(repository: Resource) -> Iterator[Finding]:
    yield from must_be(repository, "encryptionConfigurations.0.encryptionType", "KMS")


def _closed(policy: Resource) -> Iterator[Finding]:
    yield from unreadable(policy, RESOURCE_DOCUMENTS)
    for statement in allowing(policy, RESOURCE_DOCUMENTS):
        yield from unnamed(statement)


def _immutably_named(image: Resource) -> Iterator[Finding]:
    name = str(image.get("imageName") or "")
    tag = name.rpartition("/")[2].partition(":")[2]
    if "@sha256:" not in name and tag in ("", "latest"):
        yield Finding("imageName", name or None, "allowed: a content-hash tag or a digest, never latest")


def _built_clean(image: Resource) -> Iterator[Finding]:
    path = image.get("build.dockerfile")
    if not path:
        return
    text = next((place.read_text() for place in (Path(str(path)), _ROOT / str(path)) if place.is_file()), None)
    if text is None:
        yield Finding("build.dockerfile", path, "allowed: a file that can be read, so that it can be judged")
        return
    for line in re.findall(r"(?im)^FROM[^\n]*:latest\b.*$", text):
        yield Finding("build.dockerfile", line, "allowed: a base image by version or digest")
    for line in re.findall(r"(?im)^ADD\s+https?://.*$", text):
        yield Finding("build.dockerfile", line, "allowed: COPY, or a download whose digest is compared")
    users = re.findall(r"(?im)^USER\s+(\S+)", text)
    if not users or users[-1].split(":")[0] in ("root", "0"):
        yield Finding("build.dockerfile USER", users[-1] if users else None, "allowed: a user that is not root")


CONTROLS = (
    ResourceControl("ecr-scan", "Images are scanned when pushed", "ECR.1 CKV_AWS_163 W79", (REPOSITORY,), look=_scanned),
    ResourceControl("ecr-immutable-tags", "A tag names one image for ever", "ECR.2 CKV_AWS_51", (REPOSITORY,), look=_immutable),
    StackControl("ecr-lifecycle-exists", "Each repository has a lifecycle", "ECR.3", (REPOSITORY,), look=_has_lifecycle),
    ResourceControl("ecr-lifecycle", "No image in use expires", "ECR.3", (LIFECYCLE,), look=_keeps_tags),
    ResourceControl("ecr-kms", "Images are encrypted with a key of KMS", "CKV_AWS_136", (REPOSITORY,), look=_by_kms),
    ResourceControl(
        "ecr-closed",
        "Repositories are open to nobody unnamed",
        "CKV_AWS_32 AwsSolutions-ECR1",
        (REPOSITORY_POLICY,),
        look=_closed,
    ),
    ResourceControl("image-name", "An image is never pushed as latest", "ECR.2 CKV_AWS_51", (IMAGE,), look=_immutably_named),
    ResourceControl(
        "image-clean",
        "The image has a fixed base and its process is not root",
        "CKV_DOCKER_3 CKV_DOCKER_4 CKV_DOCKER_7 CKV_DOCKER_8",
        (IMAGE,),
        look=_built_clean,
        level=ADVISORY,
    ),
)
