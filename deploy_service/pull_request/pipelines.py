"""The readable difference between the pipelines' definitions of two revisions."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from deploy_service.pull_request.changes import DEFINITION
from deploy_service.pull_request.model import PipelineChange
from pipeline_def.diff.changes import compare
from policies.kinds import OBJECT, PIPELINE

Resource = Mapping[str, Any]
_LOCATION = "pipelineDefinitionS3Location"


def definitions(resources: Sequence[Resource]) -> dict[str, dict[str, Any]]:
    """The parsed definition of each pipeline, by the pipeline's name; also if it is stored as an object."""
    stored = {str(found["inputs"].get("key")): found["inputs"].get("content") for found in resources if _is(found, OBJECT)}
    texts = {
        str(found["inputs"].get("pipelineName", found["name"])): _text(found["inputs"], stored)
        for found in resources
        if _is(found, PIPELINE)
    }
    return {name: dict(_parsed(text)) for name, text in texts.items()}


def pipeline_changes(base: Sequence[Resource], head: Sequence[Resource]) -> list[PipelineChange]:
    """What changed in each pipeline; pipelines that mean the same are left out."""
    before, after = definitions(base), definitions(head)
    return list(_changes(before, after))


def _changes(before: Mapping[str, dict[str, Any]], after: Mapping[str, dict[str, Any]]) -> Iterator[PipelineChange]:
    for name in sorted(before.keys() | after.keys()):
        if name not in before:
            yield PipelineChange(name=name, how="added")
        elif name not in after:
            yield PipelineChange(name=name, how="removed")
        elif changes := compare(before[name], after[name]):
            yield PipelineChange(name=name, how="changed", changes=changes)


def _text(inputs: Mapping[str, Any], stored: Mapping[str, Any]) -> str:
    location = inputs.get(_LOCATION) or {}
    return str(inputs.get(DEFINITION) or stored.get(str(location.get("objectKey"))) or "{}")


def _parsed(text: str) -> Mapping[str, Any]:
    try:
        parsed = json.loads(text)
    except ValueError:
        return {"Unreadable": text}
    return parsed if isinstance(parsed, dict) else {"Unreadable": text}


def _is(resource: Resource, kind: str) -> bool:
    """Also types with a version: ``aws:s3/bucketObjectv2:BucketObjectv2``."""
    return str(resource["type"]).lower().replace("v2", "") == kind.lower()
