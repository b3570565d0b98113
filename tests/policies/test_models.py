from __future__ import annotations

import pytest

from policies.models import MODEL
from tests.policies.judging import Case, bad, good

CASES = [
    good("model-isolation", MODEL, {"executionRoleArn": "arn", "enableNetworkIsolation": True}),
    bad("model-isolation", MODEL, {"executionRoleArn": "arn"}, "enableNetworkIsolation is missing", "SageMaker.5"),
    bad("model-isolation", MODEL, {"enableNetworkIsolation": False}, "enableNetworkIsolation is False; allowed: True"),
    bad("model-isolation", MODEL, {"enableNetworkIsolation": "true"}, "enableNetworkIsolation is 'true'"),
]


@pytest.mark.usefixtures("nothing_exempt")
@pytest.mark.parametrize("case", CASES, ids=str)
def test_models(case: Case) -> None:
    case.check()
