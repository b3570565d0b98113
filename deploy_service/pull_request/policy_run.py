"""Runs a revision's own policy pack on what its program registers, as the engine does: through the SDK's policies.

:mod:`deploy_service.pull_request.recorder` loads this file in the isolated process. Like the recorder, it imports nothing of
this repository, because ``policies`` must be the revision's.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

Resource = Mapping[str, Any]
#: The policy of the pack that reports the exemptions which apply.
EXEMPTIONS = "exemptions"


def judge(resources: Sequence[Resource], region: str) -> dict[str, Any]:
    """Return ``findings`` (control, whether it is mandatory, message), ``exemptions``, and ``problem`` (None: the pack ran)."""
    if not Path("policies", "pack.py").is_file():
        return {"findings": [], "exemptions": [], "problem": "This revision has no policy pack."}
    sys.path.insert(0, str(Path.cwd()))
    try:
        findings = _messages(resources, region)
    except Exception as error:  # a revision's pack may raise anything, and its program's result remains
        return {"findings": [], "exemptions": [], "problem": f"The policies did not run: {type(error).__name__}: {error}"}
    reported = [finding for finding in findings if finding[0] != EXEMPTIONS]
    exemptions = [message for control, _, message in findings if control == EXEMPTIONS]
    return {"findings": reported, "exemptions": exemptions, "problem": None}


def _messages(resources: Sequence[Resource], region: str) -> list[tuple[str, bool, str]]:
    from pulumi_policy import EnforcementLevel, StackValidationArgs, StackValidationPolicy
    from pulumi_policy.policy import _NotApplicableError

    from policies.pack import policies

    found: list[tuple[str, bool, str]] = []
    stack = _stack(resources, region)
    for policy in policies():
        mandatory = policy.enforcement_level is EnforcementLevel.MANDATORY

        def report(message: str, urn: str | None = None, name: str = policy.name, mandatory: bool = mandatory) -> None:
            found.append((name, mandatory, message))

        if isinstance(policy, StackValidationPolicy):
            policy.validate(StackValidationArgs(stack, {}), report)
            continue
        for resource in stack:
            with suppress(_NotApplicableError):  # how a policy says that it has nothing to report
                policy.validate(_arguments(resource), report)  # type: ignore[attr-defined]  # the only other kind of policy
    return found


def _stack(resources: Sequence[Resource], region: str) -> list[Any]:
    chosen = [resource for resource in resources if resource["type"].partition(":")[0] != "pulumi"]
    made = [_policy_resource(resource, region) for resource in chosen]
    by_urn = {resource.urn: resource for resource in made}
    for resource, policy_resource in zip(chosen, made, strict=True):
        for key, urns in resource["sources"].items():
            policy_resource.property_dependencies[key] = [by_urn[urn] for urn in urns if urn in by_urn]
    return made


def _policy_resource(resource: Resource, region: str) -> Any:
    from pulumi_policy import PolicyCustomTimeouts, PolicyProviderResource, PolicyResource, PolicyResourceOptions
    from pulumi_policy.proxy import unknown_checking_proxy

    options = PolicyResourceOptions(resource["protect"], [], None, [], PolicyCustomTimeouts(0, 0, 0), [])
    provider = PolicyProviderResource("pulumi:providers:aws", {"region": region}, "urn", "default")
    properties = unknown_checking_proxy(dict(resource["inputs"]))
    return PolicyResource(resource["type"], properties, resource["urn"], resource["name"], options, provider, None, [], {})


def _arguments(resource: Any) -> Any:
    from pulumi_policy import ResourceValidationArgs

    given = (resource.resource_type, resource.props, resource.urn, resource.name, resource.opts, resource.provider)
    return ResourceValidationArgs(*given, {})
