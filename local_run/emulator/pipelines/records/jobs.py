"""Records of the processing, training and transform jobs in the form of Describe and List responses."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from contracts.regions import partition
from local_run.emulator.pipelines.records.shapes import output_members
from local_run.emulator.pipelines.records.state import api_time, now

PROCESSING_JOB, TRAINING_JOB, TRANSFORM_JOB = "Processing", "Training", "Transform"
IN_PROGRESS, COMPLETED, JOB_FAILED, JOB_STOPPING, JOB_STOPPED = "InProgress", "Completed", "Failed", "Stopping", "Stopped"
_PATH = {PROCESSING_JOB: "processing-job", TRAINING_JOB: "training-job", TRANSFORM_JOB: "transform-job"}


@dataclass
class Job:
    """One job; ``request`` is the resolved request that created it."""

    kind: str
    name: str
    arn: str
    request: Mapping[str, Any]
    status: str = IN_PROGRESS
    secondary_status: str = "Starting"
    created: datetime = field(default_factory=now)
    started: datetime | None = None
    ended: datetime | None = None
    failure_reason: str | None = None
    exit_message: str | None = None
    metrics: dict[str, tuple[float, datetime]] = field(default_factory=dict)
    model_artifacts: str | None = None
    transitions: list[dict[str, Any]] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def enter(self, secondary_status: str) -> None:
        """Enter the next phase (Starting, Downloading, Training, Uploading, …); training jobs list their phases with times."""
        with self.lock:
            moment = now()
            if self.transitions and "EndTime" not in self.transitions[-1]:
                self.transitions[-1]["EndTime"] = api_time(moment)
            self.secondary_status = secondary_status
            self.transitions.append({"Status": secondary_status, "StartTime": api_time(moment)})

    def finish(self, status: str, reason: str | None = None, exit_message: str | None = None) -> None:
        with self.lock:
            self.enter(status)
            self.status, self.failure_reason, self.exit_message, self.ended = status, reason, exit_message, now()

    def described(self) -> dict[str, Any]:
        """Return the response of the job's Describe operation."""
        with self.lock:
            operation = f"Describe{self.kind}Job"
            shown = {key: value for key, value in self.request.items() if key in output_members(operation)}
            shown |= {f"{self.kind}JobName": self.name, f"{self.kind}JobArn": self.arn, f"{self.kind}JobStatus": self.status}
            shown |= {"CreationTime": api_time(self.created), "LastModifiedTime": api_time(self._modified)}
            if self.started:
                shown[f"{self.kind}StartTime"] = api_time(self.started)
            if self.ended:
                shown[f"{self.kind}EndTime"] = api_time(self.ended)
            if self.failure_reason:
                shown["FailureReason"] = self.failure_reason
            if self.kind == TRAINING_JOB:
                shown |= self._training_members()
            elif self.exit_message:
                shown["ExitMessage"] = self.exit_message
            return shown

    def summary(self) -> dict[str, Any]:
        """Return the job's entry in the response of its List operation."""
        names = {f"{self.kind}JobName", f"{self.kind}JobArn", f"{self.kind}JobStatus", f"{self.kind}EndTime"}
        names |= {"CreationTime", "LastModifiedTime"}
        if self.kind != TRAINING_JOB:
            names |= {"FailureReason", "ExitMessage"}
        return {key: value for key, value in self.described().items() if key in names}

    @property
    def _modified(self) -> datetime:
        return self.ended or self.started or self.created

    def _training_members(self) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "SecondaryStatus": self.secondary_status,
            "SecondaryStatusTransitions": [dict(item) for item in self.transitions],
            "FinalMetricDataList": [
                {"MetricName": name, "Value": value, "Timestamp": api_time(moment)}
                for name, (value, moment) in self.metrics.items()
            ],
        }
        if self.model_artifacts:
            shown["ModelArtifacts"] = {"S3ModelArtifacts": self.model_artifacts}
        if self.started and self.ended:
            seconds = max(1, round((self.ended - self.started).total_seconds()))
            shown |= {"TrainingTimeInSeconds": seconds, "BillableTimeInSeconds": seconds}
        return shown


class JobStore:
    """All jobs of one emulator."""

    def __init__(self, account_id: str, region: str) -> None:
        self._account_id = account_id
        self._region = region
        self._lock = threading.RLock()
        self._jobs: dict[tuple[str, str], Job] = {}

    def create(self, kind: str, name: str, request: Mapping[str, Any]) -> Job:
        prefix = f"arn:{partition(self._region)}:sagemaker:{self._region}:{self._account_id}"
        job = Job(kind, name, f"{prefix}:{_PATH[kind]}/{name}", request)
        job.enter("Starting")
        with self._lock:
            self._jobs[(kind, name)] = job
        return job

    def find(self, kind: str, name: str) -> Job | None:
        with self._lock:
            return self._jobs.get((kind, name))

    def of_kind(self, kind: str) -> list[Job]:
        with self._lock:
            return [job for job in self._jobs.values() if job.kind == kind]
