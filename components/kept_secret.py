"""Settings that the stack's file keeps encrypted stay secret in the state: in every input and export that holds one.

One place for all resources, since most of them take a setting by way of a name, a tag or a policy document.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pulumi
from pulumi import Output, ResourceOptions, ResourceTransformationArgs, ResourceTransformationResult


def keep_secret(texts: Sequence[str]) -> Callable[[Any], Any]:
    """Marks the inputs of every resource from now on that hold one of the texts; gives what does so to an export."""
    if not texts:
        return lambda value: value

    def transformation(args: ResourceTransformationArgs) -> ResourceTransformationResult:
        props = {key: marked(value, texts) for key, value in args.props.items()}
        # The provider adds up all tags in an output of its own.
        added = ["tags_all"] if holds(args.props.get("tags"), texts) else []
        opts = ResourceOptions.merge(args.opts, ResourceOptions(additional_secret_outputs=added)) if added else args.opts
        return ResourceTransformationResult(props, opts)

    pulumi.runtime.register_stack_transformation(transformation)
    return lambda value: marked(value, texts)


def marked(value: Any, texts: Sequence[str]) -> Any:
    """The value, with a secret in the place of each text that holds one; what is not known yet is looked at when it is.

    Each place by itself: a whole would be unknown at preview as soon as one of its parts is.
    """
    if isinstance(value, Output):
        return value.apply(lambda known: Output.secret(known) if holds(known, texts) else known)
    if isinstance(value, str):
        return Output.secret(value) if holds(value, texts) else value
    if isinstance(value, Mapping):
        return {key: marked(inner, texts) for key, inner in value.items()}
    return [marked(inner, texts) for inner in value] if isinstance(value, (list, tuple)) else value


def holds(value: Any, texts: Sequence[str]) -> bool:
    """Whether a text stands in the value, or in something of it, as a word."""
    if isinstance(value, str):
        return any(re.search(rf"(?<![A-Za-z0-9]){re.escape(text)}(?![A-Za-z0-9])", value) for text in texts)
    if isinstance(value, Mapping):
        return any(holds(inner, texts) for inner in value.values())
    return isinstance(value, (list, tuple)) and any(holds(inner, texts) for inner in value)
