"""The policy pack under the real engine."""

from __future__ import annotations

from collections.abc import Callable

from tests.engine.checkout import Checkout
from tests.engine.cli import Cli

PACK = ("--policy-pack", "policies")
NOT_KNOWN = "can't be known during preview"


def test_a_stack_passes_before_and_after_it_is_created(cli: Callable[[str], Cli]) -> None:
    dev = cli("dev")
    first = dev.run("preview", *PACK)
    assert "[mandatory]" not in first.text
    assert "can't run policy 'pipeline-definition'" in first.text, "a first preview cannot know ARNs"
    made = dev.run("up", "--yes", "--skip-preview", *PACK)
    assert "[mandatory]" not in made.text and NOT_KNOWN not in made.text
    again = dev.run("preview", *PACK)
    assert "[mandatory]" not in again.text and NOT_KNOWN not in again.text, "all values are known once the resources exist"
    assert "s3-logging-exists" in again.text
    for preview in (first, again):
        assert "lambda-reserved-concurrency does not apply to functions-" in preview.text
        assert "Owner: platform engineer (CKV_AWS_115, W92)" in preview.text
        assert "bucket replication: not done for aws:s3/bucket:Bucket (3). Reason: " in preview.text


def test_production_passes_and_a_weakened_one_is_refused(cli: Callable[[str], Cli], checkout: Checkout) -> None:
    prod = cli("prod")
    assert "[mandatory]" not in prod.run("preview", *PACK).text
    prod.run("config", "set", "protectData", "false")
    checkout.edit("components/bucket.py", "block_public_policy=True", "block_public_policy=False")
    refused = prod.run("preview", *PACK, check=False)
    assert refused.code != 0
    for control in ("protected-data", "dynamodb-deletion-protection", "s3-public-access-blocked"):
        assert f"[mandatory]  {control} " in refused.text
    assert "blockPublicPolicy is False; allowed: True. Set all four flags to True (S3.1, S3.2" in refused.text
