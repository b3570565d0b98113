"""The results of an ended execution on its item: outcome, the gate's figures, the registered model.

A result that cannot be read is left out and noted on the item. It never keeps the outcome from being stored.
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from botocore.exceptions import ClientError

from contracts import status as st
from contracts.layout import GATE_BEST_BASELINE, GATE_REQUIRED_SKILL, GATE_SKILL, ExecutionLayout
from contracts.manifest import ManifestEntry, mismatches, parse_manifest
from contracts.tables import ExecutionAttribute
from runs.aws_errors import code_of, is_forbidden, is_missing_object, is_transient, message_of
from runs.objects import stored_object
from runs.pages import all_entries
from runs.stack import Stack
from runs.store import ExecutionStore

LOG = logging.getLogger(__name__)


def conclude(stack: Stack, store: ExecutionStore, execution_id: str) -> list[str]:
    """Store the results of an ended execution. Returns what could not be read, as noted on the item.

    Raises:
        ClientError: AWS is throttling or unavailable; the caller tries again later.
    """
    item = store.get(execution_id)
    if item is None or ExecutionAttribute.OUTCOME in item or not st.is_terminal(item[ExecutionAttribute.STATUS]):
        return []
    steps = {step["StepName"]: step for step in pipeline_steps(stack, item[ExecutionAttribute.PIPELINE_EXECUTION_ARN])}
    problems: list[str] = []
    layout = ExecutionLayout(execution_id)
    _check_outputs(stack, layout, steps, problems)
    results = _gate_figures(stack, layout, steps, problems)
    if item[ExecutionAttribute.STATUS] == st.SUCCEEDED:
        results |= _outcome(steps)
    if problems or item.get(ExecutionAttribute.PROBLEMS):
        results[ExecutionAttribute.PROBLEMS] = problems
    if results:
        store.conclude(execution_id, int(item[ExecutionAttribute.ATTEMPT]), results)
    for problem in problems:
        LOG.warning("execution %s: %s", execution_id, problem)
    return problems


def pipeline_steps(stack: Stack, pipeline_execution_arn: str) -> list[dict[str, Any]]:
    """Return all steps of a pipeline execution, as ListPipelineExecutionSteps describes them."""
    request = {"PipelineExecutionArn": pipeline_execution_arn}
    return list(all_entries(stack.sagemaker, "list_pipeline_execution_steps", "PipelineExecutionSteps", **request))


def _outcome(steps: dict[str, Any]) -> dict[str, Any]:
    if st.PUBLISH_STEP in steps:
        return {ExecutionAttribute.OUTCOME: st.PUBLISHED}
    package = steps.get(st.REGISTER_STEP, {}).get("Metadata", {}).get("RegisterModel", {}).get("Arn")
    if not package:
        return {ExecutionAttribute.OUTCOME: st.NOT_REGISTERED}
    return {ExecutionAttribute.OUTCOME: st.REGISTERED, ExecutionAttribute.MODEL_PACKAGE_ARN: package}


def _check_outputs(stack: Stack, layout: ExecutionLayout, steps: dict[str, Any], problems: list[str]) -> None:
    """Compare each processing step's outputs with its manifest."""
    for step, manifest in (
        (st.PROCESSING_STEP, layout.manifest),
        (st.EVALUATION_STEP, layout.evaluation_manifest),
        (st.PREPARE_STEP, layout.manifest),
        (st.PUBLISH_STEP, layout.publish_manifest),
    ):
        if _has_succeeded(steps, step):
            with _noted(manifest, problems):
                problems += _output_problems(stack, layout, manifest)


def _gate_figures(stack: Stack, layout: ExecutionLayout, steps: dict[str, Any], problems: list[str]) -> dict[str, Any]:
    """The gate's figures if the execution got that far."""
    figures: dict[str, Any] = {}
    if _has_succeeded(steps, st.EVALUATION_STEP):
        with _noted(layout.gate_json, problems):
            gate = json.loads(_content(stack, layout.gate_json))
            figures = {
                ExecutionAttribute.GATE_METRIC: _decimal(gate[GATE_SKILL]),
                ExecutionAttribute.GATE_THRESHOLD: _decimal(gate[GATE_REQUIRED_SKILL]),
                ExecutionAttribute.GATE_BASELINE: _name(gate[GATE_BEST_BASELINE]),
            }
    return figures


def _has_succeeded(steps: dict[str, Any], name: str) -> bool:
    return bool(steps.get(name, {}).get("StepStatus") == st.SUCCEEDED)


def _output_problems(stack: Stack, layout: ExecutionLayout, manifest: str) -> list[str]:
    """Compare a step's outputs with its manifest: after the job, something else may have replaced them.

    The functions may not list the bucket, so S3 answers 403 for a missing output.
    """
    entries = parse_manifest(_content(stack, manifest))
    found: dict[str, ManifestEntry] = {}
    for name in entries:
        try:
            stored = stored_object(stack.s3, stack.outputs.models_bucket, f"{layout.prefix}/{name}")
        except ClientError as error:
            if not is_missing_object(error) and not is_forbidden(error):
                raise
        else:
            found[name] = {"size": stored.size, "sha256": stored.sha256}
    return [str(problem) for problem in mismatches(entries, found)]


def _content(stack: Stack, key: str) -> bytes:
    content: bytes = stack.s3.get_object(Bucket=stack.outputs.models_bucket, Key=key)["Body"].read()
    return content


def _decimal(value: object) -> Decimal:
    """DynamoDB takes decimals only, and neither NaN nor infinity."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{value!r} is not a finite number")
    return Decimal(repr(value))


def _name(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(f"{value!r} is not a baseline's name")
    return value


@contextmanager
def _noted(what: str, problems: list[str]) -> Iterator[None]:
    """Note what cannot be read or understood; let transient errors through, because another try can succeed."""
    try:
        yield
    except ClientError as error:
        if is_transient(error):
            raise
        problems.append(f"{what} cannot be read: {code_of(error)}: {message_of(error)}")
    except (AttributeError, KeyError, OverflowError, RecursionError, TypeError, ValueError) as error:
        problems.append(f"{what} is not as expected: {type(error).__name__}: {error}")
