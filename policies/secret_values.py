"""The control that no input of any resource contains a secret."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pipeline_def.check.finding import mask
from pipeline_def.check.secret_patterns import is_secret_value
from policies import kinds
from policies.controls import ANY_KIND, Finding, Verbatim, resource_control
from policies.resources import Resource, is_list

#: Inputs that contain a secret by design, or that another control searches.
_NOT_SEARCHED: Mapping[str, tuple[str, ...]] = {
    kinds.IMAGE: ("registry",),
    kinds.PIPELINE: ("pipelineDefinition",),
    kinds.FUNCTION: ("environment",),
}


@resource_control("no-secrets", "Inputs contain no secrets", "CKV_AWS_41 CKV_AWS_45 ECS.8", ANY_KIND)
def _no_secrets(resource: Resource) -> Iterator[Finding]:
    skipped = _NOT_SEARCHED.get(resource.kind, ())
    for key in resource.props:
        if key in skipped or resource.known(key) is None:
            continue
        for path, text in _texts(resource, key):
            if is_secret_value(text):
                yield Finding(path, Verbatim(mask(text)), "allowed: no secrets; keep the secret in Secrets Manager")


def _texts(resource: Resource, path: str) -> Iterator[tuple[str, str]]:
    """Yield every string inside a property that is known already, with its path."""
    value: Any = resource.known(path)
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key in value:
            yield from _texts(resource, f"{path}.{key}")
    elif is_list(value):
        for index in range(len(value)):
            yield from _texts(resource, f"{path}.{index}")


CONTROLS = (_no_secrets,)
