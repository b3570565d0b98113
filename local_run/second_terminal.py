"""What ``up`` prints for the second terminal: what to export, and what to call then."""

from __future__ import annotations

import socket
from collections.abc import Mapping

from rich.console import Console

from local_run.emulator.server import HOST, Emulator

#: The endpoint as the AWS provider needs it: it calls S3 Control at a name below, which a number has none of.
HOST_NAME = "localhost"
_PROVIDER_SETTINGS = ("s3UsePathStyle", "skipMetadataApiCheck")


def print_exports(console: Console, variables: Mapping[str, str], *commands: str) -> None:
    console.print("\nIn a second terminal:", style="bold")
    for line in (" ".join(["export", *(f"{name}={value}" for name, value in variables.items())]), *commands):
        console.print(line, highlight=False, soft_wrap=True)
    console.print()


def print_for_pulumi(console: Console, emulator: Emulator, stack: str) -> None:
    """All that the Pulumi CLI takes to deploy the stack onto this emulator, as docs/deploying.md explains it."""
    named = f"{emulator.account_id}.{HOST_NAME}"
    if not is_this_machine(named):
        console.print(f"\nA bucket's tags are read at {named}, which is not this machine yet. Once:", style="bold")
        console.print(f"echo '{HOST} {named}' | sudo tee -a /etc/hosts", highlight=False, soft_wrap=True)
    endpoint = {"AWS_ENDPOINT_URL": f"http://{HOST_NAME}:{emulator.port}", "NO_PROXY": HOST_NAME, "no_proxy": HOST_NAME}
    print_exports(
        console,
        emulator.environment("user") | endpoint,
        f"pulumi stack select --create {stack}",
        *(f"pulumi config set -s {stack} aws:{setting} true" for setting in _PROVIDER_SETTINGS),
        f"pulumi up -s {stack}",
    )


def is_this_machine(name: str) -> bool:
    try:
        found = socket.getaddrinfo(name, None, socket.AF_INET)
    except socket.gaierror:
        return False
    return HOST in [address[0] for *_, address in found]
