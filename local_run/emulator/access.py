"""The interface through which the emulator's pipelines and deliveries call AWS."""

from __future__ import annotations

from typing import Any, Protocol


class AwsAccess(Protocol):
    """An endpoint with an access key for each actor. :class:`local_run.emulator.server.Emulator` implements it."""

    @property
    def account_id(self) -> str: ...

    @property
    def region(self) -> str: ...

    def client(self, service: str, actor: str = ...) -> Any: ...

    def environment(self, actor: str) -> dict[str, str]: ...


#: Actors of SageMaker's calls. SageMaker uses the role of a pipeline or a job.
PIPELINE_ACTOR = "pipeline"
PROCESSING_ACTOR = "processing"
TRAINING_ACTOR = "training"
MODEL_ACTOR = "model"
#: Actors of jobs, which act under the role of their request.
_JOB_ACTORS = (PROCESSING_ACTOR, TRAINING_ACTOR, MODEL_ACTOR, "evaluation", "prepare", "publish")
#: Actor of EventBridge and Lambda when they send undelivered events to a queue.
EVENTS_ACTOR = "events"


def role_actor(role_arn: str, default: str) -> str:
    """Return the actor of a job's role, whose name ends in the actor's name. ``default`` is for roles of other stacks."""
    role = role_arn.rpartition("/")[2]
    return next((actor for actor in _JOB_ACTORS if role == actor or role.endswith(f"-{actor}")), default)
