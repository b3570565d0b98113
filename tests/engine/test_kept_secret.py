"""Settings kept by ``--secret``, under the true CLI and engine, which write the state; the provider is a stand-in."""

from __future__ import annotations

from collections.abc import Callable

from tests.engine.cli import Cli

KEPT = {
    "alarmEmail": "hunter2@example.org",
    "owner": "nobody-knows",
    "subnetIds[0]": "subnet-0123456789abcdef0",
    "securityGroupIds[0]": "sg-0123456789abcdef0",
}


def test_they_stand_nowhere_in_the_state(cli: Callable[[str], Cli]) -> None:
    dev = cli("dev")
    for key, text in KEPT.items():
        dev.run("config", "set", "--secret", "--path", f"model-training:{key}", text)
    made = dev.up()
    exported, shown = (dev.run("stack", "export", *more).stdout for more in ((), ("--show-secrets",)))
    assert [text for text in KEPT.values() if text not in shown] == []
    assert [text for text in KEPT.values() if text in exported + made.text] == []
    dev.require_unchanged()
