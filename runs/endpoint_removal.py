"""Delete an endpoint with its configuration and its model, if they belong to this stack."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from botocore.exceptions import ClientError

from contracts.display import printable_line
from runs.ownership import is_gone, owner_tags
from runs.stack import Stack

LOG = logging.getLogger(__name__)
LOG.setLevel(logging.INFO)

#: What ``runs endpoint up`` creates under one name: the words of its operations, and the beginning of its members.
ENDPOINT = ("endpoint", "Endpoint")
CONFIGURATION = ("endpoint_config", "EndpointConfig")
MODEL = ("model", "Model")


def remove_endpoint(stack: Stack, name: str, own: Mapping[str, str]) -> bool:
    """Delete an endpoint, then the configuration and the model of the same name. Each must carry the tags ``own``.

    What no longer exists is no problem, so a removal that broke off can be repeated. A configuration with another name is not
    of :func:`runs.endpoints.create` and stays.

    Returns:
        False if the endpoint belongs to somebody else; then nothing is deleted.
    """
    if not _delete(stack, ENDPOINT, name, own):
        return False
    for kind in (CONFIGURATION, MODEL):
        _delete(stack, kind, name, own)
    return True


def _delete(stack: Stack, kind: tuple[str, str], name: str, own: Mapping[str, str]) -> bool:
    """Delete one of the three. True also if it no longer exists; False: it is not ours."""
    operation, member = kind
    words, request = operation.replace("_config", " configuration"), {f"{member}Name": name}
    try:
        arn = str(getattr(stack.sagemaker, f"describe_{operation}")(**request)[f"{member}Arn"])
        tags = owner_tags(stack, arn)
        if tags != own:
            LOG.warning("skipped %s %s: its tags are %s; expected this stack's %s", words, printable_line(name), tags, own)
            return False
        getattr(stack.sagemaker, f"delete_{operation}")(**request)
    except ClientError as error:
        if not is_gone(error):
            raise
        LOG.info("%s %s no longer exists", words, printable_line(name))
    return True
