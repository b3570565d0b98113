from __future__ import annotations

import subprocess
import sys

from local_run.session import PROJECT
from tests.patience import PATIENCE_SECONDS


def test_the_demo_deploys_and_waits_without_jax() -> None:
    """JAX hooks into garbage collection, where an interrupt is swallowed; only the forecast needs it."""
    script = "import sys, local_run.cli, local_run.demo; sys.exit('jax' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], cwd=PROJECT, timeout=PATIENCE_SECONDS, check=False).returncode == 0
