"""Environment variables that libraries read when they are imported."""

from __future__ import annotations

from collections.abc import MutableMapping

_VARIABLES = {
    # With one thread, sums have the same order on every machine, and so the files have the same bytes.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    # Otherwise pydantic searches all installed packages for plugins.
    "PYDANTIC_DISABLE_PLUGINS": "__all__",
}


def prepare(environment: MutableMapping[str, str]) -> None:
    """Set the variables before the libraries are imported. Other values could change the output, so they are replaced."""
    environment.update(_VARIABLES)
