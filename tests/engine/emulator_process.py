"""The emulator of ``local_run up``, empty and in a process of its own.

Prints the deployer's environment as one line of JSON, and ends with its stdin.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from local_run.emulator.server import DEPLOYER, Emulator  # noqa: E402 (the path comes first)
from local_run.emulator.service import LocalSageMaker  # noqa: E402


def main(region: str) -> None:
    sagemaker = LocalSageMaker()
    with Emulator(region, middleware=sagemaker.middleware) as emulator, sagemaker.running(emulator):
        sys.stdout.write(json.dumps(emulator.environment(DEPLOYER)) + "\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1])
