"""The deployed stack that a command or a handler works on, with its AWS clients."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from contracts.outputs import STACK_OUTPUTS_VARIABLE, StackOutputs
from contracts.problems import one_problem

#: Retries are bounded, with backoff and jitter. A request that still fails is raised, so Lambda or the user tries again.
CLIENT_CONFIG = Config(retries={"mode": "standard", "max_attempts": 5}, connect_timeout=5, read_timeout=30)
#: SageMaker gives a model 60 seconds to answer. Source: SageMaker Runtime API, InvokeEndpoint.
INVOKE_CONFIG = CLIENT_CONFIG.merge(Config(read_timeout=70))


class Stack:
    """A stack's exports and one boto3 session. Clients are created at first use; ``sleep`` waits between retries."""

    def __init__(
        self, outputs: StackOutputs, session: boto3.Session | None = None, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self.outputs = outputs
        self.sleep = sleep
        self._session = session or boto3.Session(region_name=outputs.region)

    @classmethod
    def load(cls, path: Path | None = None) -> Stack:
        """Return the stack of the given file, or of the file that ``STACK_OUTPUTS`` names."""
        named = str(path) if path else os.environ.get(STACK_OUTPUTS_VARIABLE, "")
        if not named:
            raise one_problem(
                "stack",
                "--stack-outputs",
                None,
                f"set {STACK_OUTPUTS_VARIABLE} to the path of a file with the JSON of `pulumi stack output --json`; for an "
                "emulator, paste the export lines that `python -m local_run up` prints",
            )
        return cls(StackOutputs.from_file(Path(named)))

    def client(self, service: str, config: Config = CLIENT_CONFIG) -> Any:
        """Return a new client, with bounded retries unless ``config`` says otherwise."""
        return self._session.client(service, region_name=self.outputs.region, config=config)

    @cached_property
    def s3(self) -> Any:
        return self.client("s3")

    @cached_property
    def sagemaker(self) -> Any:
        return self.client("sagemaker")

    @cached_property
    def endpoints(self) -> Any:
        """The client that sends requests to endpoints."""
        return self.client("sagemaker-runtime", INVOKE_CONFIG)

    @cached_property
    def logs(self) -> Any:
        return self.client("logs")

    @cached_property
    def sns(self) -> Any:
        return self.client("sns")

    @cached_property
    def dynamodb(self) -> Any:
        """The resource interface: attributes as plain Python values."""
        return self._session.resource("dynamodb", region_name=self.outputs.region, config=CLIENT_CONFIG)
