"""SageMaker's rules on a job's instances and on waiting for spot capacity.

``settings.py`` applies them to a stack's settings, ``pipeline_def.check`` to a definition, and ``runs.overrides`` to a start.
"""

from __future__ import annotations

import re

#: Longest wait for spot capacity, including the training, of a built-in algorithm that writes no checkpoints, such as DeepAR.
#: Source: SageMaker API, StoppingCondition.MaxWaitTimeInSeconds.
SPOT_MAX_WAIT_SECONDS = 3600

#: What to choose if a job's volumes are encrypted with a key. Source: SageMaker API, ResourceConfig.VolumeKmsKeyId.
WITHOUT_LOCAL_STORAGE = "an instance type without local storage, which SageMaker cannot encrypt with a key"

#: Families with local NVMe storage: their own hardware encrypts it, so SageMaker refuses a volume key for them.
#: Source: SageMaker API, ResourceConfig.VolumeKmsKeyId.
_LOCAL_STORAGE = re.compile(
    r"ml\.([a-z]+[0-9]+[a-z]*d[a-z]*|g4dn|g5|g6e?|g7e?|p4de?|p5(?:en?)?|p6e?-[a-z0-9]+|trn1n?|trn2|i[0-9][a-z]*)\."
)


def has_local_storage(instance_type: str) -> bool:
    """Return whether an instance type has local storage, for which no volume key may be given.

    >>> has_local_storage("ml.g5.xlarge"), has_local_storage("ml.c5d.xlarge"), has_local_storage("ml.m5.xlarge")
    (True, True, False)
    """
    return _LOCAL_STORAGE.match(instance_type) is not None


def allowed_spot_wait(wait: int, runtime: int, runtime_name: str) -> str | None:
    """Return which waiting times are allowed for a longest ``runtime``, both in seconds; None if ``wait`` is one of them.

    ``runtime_name`` is what the message calls the runtime.
    """
    if runtime <= wait <= SPOT_MAX_WAIT_SECONDS:
        return None
    limit = f"{SPOT_MAX_WAIT_SECONDS}, SageMaker's maximum for an algorithm without checkpoints"
    return f"from {runtime_name} ({runtime}) to {limit}"
