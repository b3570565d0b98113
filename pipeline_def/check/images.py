"""Rule ``image``: a step's image is in the stack's region and named so that it never changes under the name.

Of our own pipeline it is also asked whose image runs: the built-in algorithm trains and serves, all else is from our registry.
What other rules ask of the built-in algorithm alone can so not be got round by another image.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from contracts.parameters import EXECUTION_ID
from contracts.regions import DEEPAR_ACCOUNTS, DEEPAR_REPOSITORY, DEEPAR_VERSION, deepar_image_uri, dns_suffix
from contracts.status import TRAINING_STEP
from pipeline_def.check.definition import FREE_FORM, MODEL_STEPS, Definition, Step, walk
from pipeline_def.check.finding import Finding, shown
from pipeline_def.check.resolve import SampleText, resolve

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
class Image:
    """An image that a step names: where in the definition, and its URI as far as the definition tells it.

    ``fixed`` where the URI is a text, which no start can change.
    """

    step: Step
    path: str
    uri: str
    fixed: bool

    @property
    def parts(self) -> re.Match[str] | None:
        """The URI's parts, where it is one of a registry."""
        return _ECR.fullmatch(self.uri)


def images(definition: Definition) -> Iterator[Image]:
    """Every image, parameters resolved to their defaults and joins to text."""
    for step in definition.steps:
        for path, value in walk(step.arguments, step.arguments_path):
            if isinstance(value, Mapping) and not path.endswith(FREE_FORM):
                for name in _MEMBERS:
                    uri = resolve(definition, value.get(name))
                    if isinstance(uri, str):
                        yield Image(step, f"{path}.{name}", uri, isinstance(value[name], str))


def is_deepar(definition: Definition, step: Step) -> bool:
    """Whether a training step runs the built-in forecasting-deepar, by the default where a parameter brings the image."""
    specification = step.arguments.get("AlgorithmSpecification")
    image = resolve(definition, specification.get("TrainingImage")) if isinstance(specification, Mapping) else None
    return isinstance(image, str) and f"/{DEEPAR_REPOSITORY}" in image


def check_images(definition: Definition) -> Iterator[Finding]:
    """Region, registry account of the built-in algorithm, and a name that is content hash, version tag or digest."""
    # A content hash is our own contract; of other pipelines' images a version tag is enough.
    own = _own_accounts(definition) if definition.contract or definition.parameter(EXECUTION_ID) else set()
    found = list(images(definition))
    expected = definition.region or _first_region(found)
    for image in found:
        if definition.contract and not image.fixed:
            allowed = "allowed: the image's URI as text, which no start can change"
            yield Finding("image", image.step.name, image.path, shown(image.uri), allowed)
        elif not isinstance(image.uri, SampleText):
            problems = list(_problems(image, own, expected, definition.contract))
            if definition.contract and not (problems and image.step.type in MODEL_STEPS):
                problems += _foreign(image, own, expected, _training_image(definition))
            for allowed in dict.fromkeys(problems):
                yield Finding("image", image.step.name, image.path, shown(image.uri), allowed)
    if definition.contract:
        yield from _no_training_image(definition)


def _foreign(image: Image, own: set[str], region: str | None, training: str | None) -> Iterator[str]:
    """What is allowed instead of an image that is not the one, or not from where, our pipeline has it from."""
    if image.step.type in MODEL_STEPS:
        if training is not None and _is_built_in(training) and image.uri != training:
            yield f"allowed: {training}, the image of {TRAINING_STEP}, whose model it serves"
    elif image.step.name == TRAINING_STEP and not _is_built_in(image.uri):
        known = region in DEEPAR_ACCOUNTS
        yield f"allowed: {deepar_image_uri(str(region))}" if known else f"allowed: the built-in {DEEPAR_REPOSITORY}"
    elif (parts := image.parts) and parts["account"] not in own and not _is_built_in(image.uri):
        yield f"allowed: an image of {' or '.join(sorted(own)) or 'none yet'}, the account of the steps' roles"


def _training_image(definition: Definition) -> str | None:
    step = definition.step(TRAINING_STEP)
    specification = step.arguments.get("AlgorithmSpecification") if step else None
    uri = specification.get("TrainingImage") if isinstance(specification, Mapping) else None
    return uri if isinstance(uri, str) else None


def _no_training_image(definition: Definition) -> Iterator[Finding]:
    """An algorithm by name is anybody's; that the algorithm's specification itself is missing, botocore tells."""
    step = definition.step(TRAINING_STEP)
    specification = step.arguments.get("AlgorithmSpecification") if step else None
    if step and isinstance(specification, Mapping) and specification.get("TrainingImage") is None:
        path = f"{step.arguments_path}.AlgorithmSpecification.TrainingImage"
        yield Finding("image", step.name, path, None, f"our models are trained by the built-in {DEEPAR_REPOSITORY}")


def _is_built_in(uri: str) -> bool:
    parts = _ECR.fullmatch(uri)
    return bool(parts and parts["repository"] == DEEPAR_REPOSITORY and DEEPAR_ACCOUNTS.get(parts["region"]) == parts["account"])


def _problems(image: Image, own: set[str], region: str | None, contract: bool) -> Iterator[str]:
    parts = image.parts
    if parts is None:
        yield "allowed: <account>.dkr.ecr.<region>.<domain>/<repository>:<tag>, or @sha256:<digest>"
        return
    if region and parts["region"] != region:
        yield f"allowed: an image in {region}, the stack's region"
    # The isolated partitions answer under domains that nobody here can check.
    if "-iso" not in parts["region"] and parts["domain"] != dns_suffix(parts["region"]):
        yield f"allowed: the domain {dns_suffix(parts['region'])}"
    built_in = parts["repository"] == DEEPAR_REPOSITORY and parts["account"] not in own
    if built_in and DEEPAR_ACCOUNTS.get(parts["region"]) != parts["account"]:
        known = parts["region"] in DEEPAR_ACCOUNTS
        yield f"allowed: {deepar_image_uri(parts['region'])}" if known else "allowed: a region with the built-in algorithm"
    if parts["digest"] is None:
        yield from _tag_problems(parts["tag"], built_in, parts["account"] in own or (contract and not built_in))


def _tag_problems(tag: str | None, built_in: bool, ours: bool) -> Iterator[str]:
    if tag is None or tag == "latest":
        yield "allowed: a content-hash tag, a version tag or a digest, never latest"
    elif built_in and tag != DEEPAR_VERSION:
        yield f"allowed: the built-in algorithm's version tag {DEEPAR_VERSION}, or a digest"
    elif ours and not _CONTENT_TAG.fullmatch(tag):
        yield "allowed: a content-hash tag or a digest, so that what is deployed is what runs"
    elif not any(character.isdigit() for character in tag):
        yield "allowed: a version tag or a digest"


def _own_accounts(definition: Definition) -> set[str]:
    """The account of the roles that the steps run as: an image in its registry is one of ours.

    Of several the one that most have: a single role can not bring its account's images along.
    """
    roles = [step.arguments.get(member) for step in definition.steps for member in _ROLES]
    accounts = Counter(match[1] for role in roles if isinstance(role, str) and (match := _ROLE_ACCOUNT.match(role)))
    return {account for account, _ in accounts.most_common(1)}


def _first_region(found: list[Image]) -> str | None:
    """Without a stack's region the images must at least agree with one another."""
    return next((parts["region"] for image in found if (parts := image.parts)), None)
