"""How the layer reaches AWS: the part of the emulator that it needs."""

from __future__ import annotations

from typing import Any, Protocol


class AwsAccess(Protocol):
    """An endpoint with an access key for each actor; :class:`local_run.emulator.server.Emulator` is one."""

    @property
    def account_id(self) -> str: ...

    @property
    def region(self) -> str: ...

    def client(self, service: str, actor: str = ...) -> Any: ...

    def environment(self, actor: str) -> dict[str, str]: ...


#: Whose calls are whose: SageMaker acts with the role that a pipeline or a job names.
PIPELINE_ACTOR = "pipeline"
PROCESSING_ACTOR = "processing"
TRAINING_ACTOR = "training"
#: EventBridge and Lambda themselves, when they put what could not be delivered into a queue.
EVENTS_ACTOR = "events"
