"""What the providers ask of IAM for each resource type of the program, by what they do with a resource.

Sources: terraform-provider-aws 6 (which pulumi-aws 7 wraps), ``internal/service/*``: the calls of each resource's create, read,
update and delete for the arguments that this program sets; the Service Authorization Reference and each service's guide to
encryption: what else an operation asks for (tags at creation, roles that are handed over, the key). A read follows each create
and update. Nothing here is taken from the deployer's policy, so that each can be held against the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from local_run.emulator.actors import DEPLOYER
from tests.components.iam_calls import Call
from tests.components.provider_calls.asked import KEY, Asked, arn
from tests.components.provider_calls.data import DATA
from tests.components.provider_calls.services import SERVICES
from tests.components.recording import ACCOUNT, PROJECT, Recorder, Registered

#: What the mocks answer for a key of the stack's own.
OWN_KEY = f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"
BY_TYPE: Mapping[str, tuple[Asked, ...]] = {**DATA, **SERVICES}
#: Of what the program looks up. Everybody may ask who they are.
BY_INVOKE: Mapping[str, tuple[Asked, ...]] = {
    "aws:index/getCallerIdentity:getCallerIdentity": (),
    "aws:ecr/getAuthorizationToken:getAuthorizationToken": (Asked("*", read="ecr:GetAuthorizationToken"),),
    "aws:ecr/getRepositories:getRepositories": (Asked(arn("ecr", "repository/*"), read="ecr:DescribeRepositories"),),
    "aws:ecr/getImages:getImages": (Asked(arn("ecr", "repository/{features}"), read="ecr:ListImages"),),
}
#: Rights that the deployer has though no call above asks for them, and why.
KEPT: Mapping[str, str] = {
    "lambda:GetFunctionConfiguration": "The AWS SDK's own waiters look by it whether a function is ready",
}


def asked_for(recorded: Recorder, key: str, boundary: str) -> set[Call]:
    """All that the life of a program's resources asks for; ``key`` is the stack's own or a given one."""
    stack = {"key": key, "boundary": boundary, "features": f"{PROJECT}-{recorded.stack}-features"}
    calls = {call for rows in BY_INVOKE.values() for call in _calls(rows, stack, recorded.stack)}
    for resource in recorded.resources:
        if resource.type in BY_TYPE:
            calls |= set(_calls(BY_TYPE[resource.type], {**_values(resource), **stack}, recorded.stack))
    return calls


def _calls(rows: Iterable[Asked], values: Mapping[str, Any], stack: str) -> Iterator[Call]:
    for row in rows:
        context = {key: text.format_map(values) for key, text in row.given.items()}
        if row.on == KEY and values["key"] == OWN_KEY:  # a key from outside the stack does not have this stack's tags
            context |= {"aws:ResourceTag/project": PROJECT, "aws:ResourceTag/stack": stack}
        for action in row.actions:
            yield Call(DEPLOYER, action, row.on.format_map(values), context=tuple(context.items()))


def _values(resource: Registered) -> dict[str, Any]:
    """The inputs, and names that some inputs hold as part of a URL or under the name of what they belong to."""
    inputs = resource.inputs
    queue, image = inputs.get("queueUrl", inputs.get("name", "")), inputs.get("imageName", inputs.get("repository", ""))
    return {
        **inputs,
        "object": inputs.get("key", "any/object"),
        "queue": queue.rpartition("/")[2],
        "repository": image.rpartition("/")[2].partition(":")[0] or inputs.get("name"),
    }
