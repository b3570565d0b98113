"""Rule ``image``: every image is in the stack's region, immutably named, and from the expected registry.

The built-in algorithm trains and serves. All other images are from the registry of the account that the steps run in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from contracts.regions import DEEPAR_ACCOUNTS, DEEPAR_REPOSITORY, DEEPAR_VERSION, deepar_image_uri, dns_suffix
from pipeline_def.check.definition import Definition, Step, objects
from pipeline_def.check.finding import Finding, shown

_ECR = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr(?:-fips)?\.(?P<region>[a-z0-9-]+)\.(?P<domain>[a-z0-9.\-]+)/"
    r"(?P<repository>[a-z0-9._/\-]+)(?::(?P<tag>[A-Za-z0-9_.\-]+))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)
#: A content hash, with at most a short word before it. Fewer than 32 digits without a letter are a date or a number.
_CONTENT_TAG = re.compile(r"(?:[a-z][a-z0-9]*[-_.])?(?=[0-9]*[a-f]|[0-9]{32})[0-9a-f]{12,64}")
_MEMBERS = ("ImageUri", "TrainingImage", "Image")
_ROLES = ("RoleArn", "ExecutionRoleArn")
_ROLE_ACCOUNT = re.compile(r"arn:[a-z\-]+:iam::(\d{12}):role/")


@dataclass(frozen=True)
class _Expected:
    """Where images may come from. ``accounts`` are those of the steps' roles."""

    region: str | None
    accounts: frozenset[str]


def check_images(definition: Definition) -> Iterator[Finding]:
    """Check registry, region, domain and tag of every image."""
    found = list(_images(definition))
    expected = _Expected(definition.region or _first_region(found), _role_accounts(definition))
    for step, path, uri in found:
        if not isinstance(uri, str):
            allowed = "allowed: the image's URI as text, which no start can change"
            yield Finding("image", step.name, path, shown(uri), allowed)
            continue
        for allowed in dict.fromkeys(_problems(step, uri, expected)):
            yield Finding("image", step.name, path, shown(uri), allowed)
    yield from _serving_images(definition, found)


def _images(definition: Definition) -> Iterator[tuple[Step, str, object]]:
    for step in definition.steps:
        for path, value in objects(step.arguments, step.arguments_path):
            for member in _MEMBERS:
                if member in value:
                    yield step, f"{path}.{member}", value[member]


def _problems(step: Step, uri: str, expected: _Expected) -> Iterator[str]:
    parts = _ECR.fullmatch(uri)
    if parts is None:
        yield "allowed: <account>.dkr.ecr.<region>.<domain>/<repository>:<tag>, or @sha256:<digest>"
        return
    if expected.region and parts["region"] != expected.region:
        yield f"allowed: an image in {expected.region}, the stack's region"
    # The domains of the isolated partitions are not public.
    if "-iso" not in parts["region"] and parts["domain"] != dns_suffix(parts["region"]):
        yield f"allowed: the domain {dns_suffix(parts['region'])}"
    if step.kind.name == "Processing":
        yield from _own_image(parts, expected)
    else:
        yield from _built_in_image(parts, expected)


def _own_image(parts: re.Match[str], expected: _Expected) -> Iterator[str]:
    if parts["account"] not in expected.accounts:
        accounts = " or ".join(sorted(expected.accounts)) or "none yet"
        yield f"allowed: an image of {accounts}, the account of the steps' roles"
    if parts["digest"] is None and not _CONTENT_TAG.fullmatch(parts["tag"] or ""):
        yield "allowed: a content-hash tag or a digest, never latest, so that the deployed image never changes"


def _built_in_image(parts: re.Match[str], expected: _Expected) -> Iterator[str]:
    region = expected.region or parts["region"]
    if parts["repository"] != DEEPAR_REPOSITORY or parts["account"] != DEEPAR_ACCOUNTS.get(parts["region"]):
        known = region in DEEPAR_ACCOUNTS
        yield f"allowed: {deepar_image_uri(region)}" if known else f"allowed: the built-in {DEEPAR_REPOSITORY}"
    if parts["digest"] is None and parts["tag"] != DEEPAR_VERSION:
        yield f"allowed: the built-in algorithm's version tag {DEEPAR_VERSION} or a digest, never latest"


def _serving_images(definition: Definition, found: list[tuple[Step, str, object]]) -> Iterator[Finding]:
    """A model is served by the image that trained it."""
    trained = {uri for step, _, uri in found if step.type == "Training" and isinstance(uri, str)}
    for step, path, uri in found:
        if step.kind.makes_model and trained and uri not in trained:
            allowed = f"allowed: {' or '.join(sorted(trained))}, the image that trains the model"
            yield Finding("image", step.name, path, shown(uri), allowed)


def _role_accounts(definition: Definition) -> frozenset[str]:
    roles: list[Mapping[str, object] | str] = [step.arguments.get(role, "") for step in definition.steps for role in _ROLES]
    return frozenset(match[1] for role in roles if isinstance(role, str) and (match := _ROLE_ACCOUNT.match(role)))


def _first_region(found: list[tuple[Step, str, object]]) -> str | None:
    """Without a stack's region, all images must at least be in one region."""
    return next((parts["region"] for _, _, uri in found if isinstance(uri, str) and (parts := _ECR.fullmatch(uri))), None)
