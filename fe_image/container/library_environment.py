"""What libraries read from the environment when they are imported: to be set before the first of them is."""

from __future__ import annotations

from collections.abc import MutableMapping

_VARIABLES = {
    # One thread a library: sums are then made in the same order whatever the number of processors, and so are the files' bytes.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    # Pydantic else looks through everything that is installed for plugins that nobody here has.
    "PYDANTIC_DISABLE_PLUGINS": "__all__",
}


def prepare(environment: MutableMapping[str, str]) -> None:
    """Set the variables, over what stood there: other values would make other bytes, or the same more slowly."""
    environment.update(_VARIABLES)
