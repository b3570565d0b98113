"""Models by themselves. The program registers what its pipeline makes; whoever adds a model keeps to the same."""

from __future__ import annotations

from collections.abc import Iterator

from policies.controls import Finding, ResourceControl, must_be
from policies.resources import Resource

MODEL = "aws:sagemaker/model:Model"


def _isolated(model: Resource) -> Iterator[Finding]:
    yield from must_be(model, "enableNetworkIsolation", True)


CONTROLS = (
    ResourceControl("model-isolation", "Models run without a network", "SageMaker.5 CKV_AWS_370", (MODEL,), look=_isolated),
)
