"""The emulator in a process of its own: prints its environment for the deployer as one line of JSON, ends with its stdin."""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from local_run.emulator import DEPLOYER, Emulator  # noqa: E402 (the path comes first)


def main(region: str) -> None:
    with Emulator(region) as emulator:
        sys.stdout.write(json.dumps(emulator.environment(DEPLOYER)) + "\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1])
