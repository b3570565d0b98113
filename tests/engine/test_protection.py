"""`pulumi destroy` and a renamed bucket on a protected stack: nothing that holds, configures or secures data is deleted."""

from __future__ import annotations

import pytest

from tests.components.test_program import REPRODUCIBLE
from tests.engine.checkout import Checkout
from tests.engine.cli import Cli
from tests.engine.facts import client


@pytest.fixture(scope="module")
def revision(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    return Checkout.of_this_repository(tmp_path_factory.mktemp("protected") / "checkout")


@pytest.fixture(scope="module")
def prod(revision: Checkout, environment: dict[str, str]) -> Cli:
    found = Cli(revision.path, "prod", environment)
    found.init()
    found.up()
    return found


def kept(deployed: Cli) -> set[str]:
    """URNs of the resources that must survive."""
    resources = [(entry["urn"], entry["type"]) for entry in deployed.resources()]
    return {urn for urn, type_ in resources if type_.startswith("aws:") and type_ not in REPRODUCIBLE}


def test_destroy_with_a_preview_deletes_nothing(prod: Cli) -> None:
    before = prod.resources()
    refused = prod.run("destroy", "--yes", check=False)
    assert refused.code != 0 and "protect" in refused.text
    assert [entry["urn"] for entry in prod.resources()] == [entry["urn"] for entry in before]


@pytest.mark.parametrize("noun", ["assets", "models", "pipeline"])
def test_a_renamed_bucket_is_refused_with_or_without_a_preview(prod: Cli, noun: str) -> None:
    before, settings = kept(prod), bucket_settings(prod)
    prod.run("config", "set", f"{noun}BucketName", f"another-name-for-{noun}")
    for arguments in (("up", "--yes"), ("up", "--yes", "--skip-preview")):
        refused = prod.run(*arguments, check=False)
        assert refused.code != 0 and "protect" in refused.text
        assert before <= kept(prod)
        assert bucket_settings(prod).items() >= settings.items()
    prod.run("config", "rm", f"{noun}BucketName")
    prod.up()
    prod.require_unchanged()


def test_destroy_without_a_preview_keeps_everything_about_data(prod: Cli) -> None:
    before, settings = kept(prod), bucket_settings(prod)
    refused = prod.run("destroy", "--yes", "--skip-preview", check=False)
    assert refused.code != 0 and "protect" in refused.text
    assert kept(prod) == before
    assert bucket_settings(prod) == settings
    prod.up()
    prod.require_unchanged()


def bucket_settings(deployed: Cli) -> dict[str, tuple[object, ...]]:
    """What AWS itself says about the public access, policy, encryption, versions and lifecycle of the stack's buckets."""
    s3 = client(deployed, "s3")
    names = [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
    return {name: _settings(s3, name) for name in names if name.startswith(f"model-training-{deployed.stack}")}


def _settings(s3: object, bucket: str) -> tuple[object, ...]:
    reads = {
        "get_public_access_block": "PublicAccessBlockConfiguration",
        "get_bucket_policy": "Policy",
        "get_bucket_encryption": "ServerSideEncryptionConfiguration",
        "get_bucket_versioning": "Status",
        "get_bucket_lifecycle_configuration": "Rules",
    }
    return tuple(str(getattr(s3, read)(Bucket=bucket)[key]) for read, key in reads.items())
