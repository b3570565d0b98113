"""What each actor of a stack does in AWS, and why: written once, here and in the modules beside it. Standard library only.

``components.roles`` makes each role's policy of it, with real ARNs; the tests compare it with the calls that are really made.
A statement names resources by kind (:class:`~contracts.permission_model.Kind`), never by ARN.
"""

from __future__ import annotations

from contracts.permission_model import LAMBDA, SAGEMAKER, SCHEDULER
from contracts.permissions_functions import (
    ENDPOINT_CLEANUP,
    EXECUTION_EVENTS,
    RECONCILE,
    SCHEDULED_START,
    SCHEDULER_ACTOR,
)
from contracts.permissions_jobs import MODEL, PIPELINE, PROCESSING, TRAINING
from contracts.permissions_people import OPERATOR

__all__ = ["ACTORS", "HANDLER_ACTORS", "LAMBDA", "OPERATOR", "SAGEMAKER", "SCHEDULER"]

#: Actors that get a role.
ACTORS = (
    PIPELINE,
    PROCESSING,
    TRAINING,
    MODEL,
    EXECUTION_EVENTS,
    RECONCILE,
    SCHEDULED_START,
    ENDPOINT_CLEANUP,
    SCHEDULER_ACTOR,
)
#: The functions' actors, by handler module.
HANDLER_ACTORS = {actor.name.replace("-", "_"): actor for actor in ACTORS if actor.service == LAMBDA}
