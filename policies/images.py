"""Controls of container images: their name, their Dockerfile, and which images the registry deletes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from policies.controls import ADVISORY, Finding, resource_control
from policies.kinds import IMAGE, REPOSITORY_LIFECYCLE
from policies.resources import Resource, plain

_ROOT = Path(__file__).resolve().parent.parent


@resource_control("ecr-lifecycle", "Only untagged images expire", "ECR.3", (REPOSITORY_LIFECYCLE,))
def _keeps_tagged_images(lifecycle: Resource) -> Iterator[Finding]:
    """The registry does not know which tags pipelines use, so no tagged image may expire."""
    rules = _lifecycle_rules(lifecycle.get("policy"))
    if not rules:
        yield Finding("policy", lifecycle.get("policy"), "allowed: JSON with at least one rule")
    for index, rule in enumerate(rules):
        selection = rule.get("selection")
        status = selection.get("tagStatus") if isinstance(selection, dict) else None
        if status != "untagged":
            allowed = "allowed: untagged, because a tagged image may be in use"
            yield Finding(f"policy.rules[{index}].selection.tagStatus", status, allowed)


def _lifecycle_rules(text: Any) -> list[dict[str, Any]]:
    try:
        found = json.loads(text)
    except (TypeError, ValueError):
        return []
    rules = found.get("rules") if isinstance(found, dict) else None
    return [rule for rule in rules if isinstance(rule, dict)] if isinstance(rules, list) else []


@resource_control("image-name", "Images have an immutable name", "ECR.2 CKV_AWS_51", (IMAGE,))
def _immutable_name(image: Resource) -> Iterator[Finding]:
    name = str(plain(image.get("imageName")) or "")
    tag = name.rpartition("/")[2].partition(":")[2]
    if "@sha256:" not in name and tag in ("", "latest"):
        yield Finding("imageName", name or None, "allowed: a content-hash tag or a digest, because latest is mutable")


@resource_control(
    "image-clean",
    "The image has a fixed base image and a user other than root",
    "CKV_DOCKER_3 CKV_DOCKER_4 CKV_DOCKER_7 CKV_DOCKER_8",
    (IMAGE,),
    level=ADVISORY,
)
def _dockerfile(image: Resource) -> Iterator[Finding]:
    path = image.get("build.dockerfile")
    if not path:
        return
    text = next((place.read_text() for place in (Path(str(path)), _ROOT / str(path)) if place.is_file()), None)
    if text is None:
        yield Finding("build.dockerfile", path, "allowed: the path of an existing file")
        return
    for line in re.findall(r"(?im)^FROM[^\n]*:latest\b.*$", text):
        yield Finding("build.dockerfile", line, "allowed: a base image by version or digest")
    for line in re.findall(r"(?im)^ADD\s+https?://.*$", text):
        yield Finding("build.dockerfile", line, "allowed: COPY, or a download whose digest is checked")
    users = re.findall(r"(?im)^USER\s+(\S+)", text)
    if not users or users[-1].split(":")[0] in ("root", "0"):
        yield Finding("build.dockerfile USER", users[-1] if users else None, "allowed: a user other than root")


CONTROLS = (_keeps_tagged_images, _immutable_name, _dockerfile)
