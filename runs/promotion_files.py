"""The files of a model that is promoted: read and checked in the source, written and read back in the target."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from contracts import model_metadata as metadata
from contracts.ids import promoted_execution_id
from contracts.layout import ExecutionLayout
from contracts.manifest import parse_manifest
from contracts.problems import Problem, ProblemsError, one_problem
from runs.aws_errors import is_missing_object
from runs.models import Model, bucket_and_key
from runs.objects import stored_object
from runs.spooled import Spooled, spooled
from runs.stack import Stack


@dataclass(frozen=True)
class File:
    """One file of a model, by the stem of its hash in the metadata.

    ``expected`` is its SHA-256, and empty if none is known. ``etag`` is S3's at the registration, which SageMaker records only
    of the artefact.
    """

    stem: str
    uri: str
    expected: str
    target_key: str
    etag: str = ""


@dataclass(frozen=True)
class Copy:
    """A file of the source with its content."""

    file: File
    content: Spooled


def files_of(source: Stack, model: Model, container: Mapping[str, Any]) -> Iterator[File]:
    """Yield the files of a model: artefact, what a forecast needs, and what the registry and `models compare` show.

    Raises:
        ProblemsError: a manifest of the training cannot be read.
    """
    layout = ExecutionLayout(promoted_execution_id(model.execution_id, model.arn))
    uris = {stem: model.properties[metadata.uri_key(stem)] for stem in metadata.FORECAST_FILES}
    uris |= {stem: f"{model.fitted_uri}/{name}" for stem, name in metadata.FURTHER_FILES.items()}
    uris[metadata.ARTEFACT] = str(container["ModelDataUrl"])
    known = _recorded(source, model, uris)
    for stem, uri in uris.items():
        # executions/<id>/<path>: only the id differs.
        path = bucket_and_key(uri)[1].split("/", 2)[-1]
        etag = str(container.get("ModelDataETag", "")) if stem == metadata.ARTEFACT else ""
        yield File(stem, uri, known.get(stem, ""), f"{layout.prefix}/{path}", etag.strip('"'))


def read_files(source: Stack, files: Sequence[File], opened: contextlib.ExitStack) -> list[Copy]:
    """Return all files of the source with their content, which is kept until ``opened`` is closed.

    Raises:
        ProblemsError: all files that are missing or are not the ones that were registered.
    """
    copies, problems = [], []
    for file in files:
        bucket, key = bucket_and_key(file.uri)
        try:
            content = opened.enter_context(spooled(source.s3, bucket, key))
        except ClientError as error:
            if not is_missing_object(error):
                raise
            problems.append(Problem(file.uri, None, "the model's metadata name it; restore the file"))
            continue
        if content.sha256 != (file.expected or content.sha256):
            allowed = f"the training recorded {file.expected}; restore the file"
            problems.append(Problem(file.uri, f"SHA-256 {content.sha256}", allowed))
        elif content.etag != (file.etag or content.etag):
            problems.append(Problem(file.uri, f"ETag {content.etag}", f"SageMaker registered {file.etag}; restore the file"))
        copies.append(Copy(file, content))
    if problems:
        raise ProblemsError("promote", problems)
    return copies


def write_files(target: Stack, copies: Sequence[Copy]) -> tuple[str, ...]:
    """Write the files that the target does not have, and return their keys.

    Raises:
        ProblemsError: the target has other content in the place of some; then nothing is written.
    """
    bucket, missing, problems = target.outputs.models_bucket, [], []
    for copy in copies:
        found = _digest(target, copy.file.target_key)
        if found is None:
            missing.append(copy)
        elif found != copy.content.sha256:
            allowed = f"the model has {copy.content.sha256}; delete the object if nothing uses it"
            problems.append(Problem(f"s3://{bucket}/{copy.file.target_key}", f"SHA-256 {found}", allowed))
    if problems:
        raise ProblemsError("promote", problems)
    for copy in missing:
        _put(target, copy.file.target_key, copy.content)
    return tuple(copy.file.target_key for copy in missing)


def _recorded(source: Stack, model: Model, uris: Mapping[str, str]) -> dict[str, str]:
    """SHA-256 of the files by stem: from the metadata, or from the manifest of the step that wrote them.

    Only the metadata of a model that was promoted before have all hashes; SageMaker itself records only the artefact's ETag.
    """
    known = {stem: model.properties[metadata.hash_key(stem)] for stem in uris if metadata.hash_key(stem) in model.properties}
    if missing := [stem for stem in metadata.FURTHER_FILES if stem not in known]:
        layout = ExecutionLayout(model.execution_id)
        bucket = bucket_and_key(model.fitted_uri)[0]
        entries = _manifest(source, bucket, layout.manifest) | _manifest(source, bucket, layout.evaluation_manifest)
        paths = {stem: bucket_and_key(uris[stem])[1].removeprefix(f"{layout.prefix}/") for stem in missing}
        if unlisted := [
            Problem(uris[stem], None, "no manifest lists it") for stem, path in paths.items() if path not in entries
        ]:
            raise ProblemsError("promote", unlisted)
        known |= {stem: entries[path] for stem, path in paths.items()}
    return known


def _manifest(source: Stack, bucket: str, key: str) -> dict[str, str]:
    """SHA-256 by file name in a manifest of the training."""
    try:
        content = source.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        return {name: entry["sha256"] for name, entry in parse_manifest(content).items()}
    except ClientError as error:
        if not is_missing_object(error):
            raise
        raise one_problem("promote", f"s3://{bucket}/{key}", None, "the training wrote it; restore it") from error
    except ValueError as error:
        raise one_problem("promote", f"s3://{bucket}/{key}", str(error), "allowed: what the training wrote") from error


def _put(target: Stack, key: str, content: Spooled) -> None:
    """Store an object and read its hash back. S3 refuses content that does not have the checksum."""
    bucket, checksum = target.outputs.models_bucket, base64.b64encode(bytes.fromhex(content.sha256)).decode()
    target.s3.put_object(Bucket=bucket, Key=key, Body=content.stream, ChecksumSHA256=checksum)
    found = _digest(target, key)
    if found != content.sha256:
        raise one_problem("promote", f"s3://{bucket}/{key}", f"SHA-256 {found}", f"{content.sha256} was written; try again")


def _digest(target: Stack, key: str) -> str | None:
    try:
        return stored_object(target.s3, target.outputs.models_bucket, key).sha256
    except ClientError as error:
        if not is_missing_object(error):
            raise
        return None
