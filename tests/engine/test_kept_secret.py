"""Encrypted settings, under the Pulumi CLI: rejected before anything is created."""

from __future__ import annotations

from collections.abc import Callable

from tests.engine.cli import Cli

ENCRYPTED = {
    "alarmEmail": "hunter2@example.org",
    "owner": "nobody-knows",
    "subnetIds[0]": "subnet-0123456789abcdef0",
}


def test_a_preview_rejects_all_of_them_at_once(cli: Callable[[str], Cli]) -> None:
    dev = cli("dev")
    for key, text in ENCRYPTED.items():
        dev.run("config", "set", "--secret", "--path", f"model-training:{key}", text)
    refused = dev.run("preview", check=False)
    assert refused.code != 0
    for key in ("alarmEmail", "owner", "subnetIds"):
        assert f"pulumi config set model-training:{key} <value>" in refused.text
    assert not [text for text in ENCRYPTED.values() if text in refused.text]
    assert "Traceback" not in refused.text
