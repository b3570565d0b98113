"""One small trained model, shared by the tests of the DeepAR stand-in."""

from __future__ import annotations

import pytest

from local_run.deepar.model import Model
from tests.local_run.deepar.support import SMALL, cut, seasonal_series


@pytest.fixture(scope="session")
def seasonal_model() -> Model:
    """A model trained on the weekly pattern up to day 203."""
    from local_run.deepar.training import train

    return train(SMALL, cut(seasonal_series(), 203))
