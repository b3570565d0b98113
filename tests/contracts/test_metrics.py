"""The weighted quantile loss, on numbers that can be checked by hand."""

from __future__ import annotations

import pytest

from contracts.metrics import level_name, loss_name, mean_weighted_quantile_loss, weighted_quantile_losses


def test_a_forecast_that_is_too_low_costs_the_level_and_one_that_is_too_high_the_rest() -> None:
    losses = weighted_quantile_losses([10.0, 10.0], {"0.1": [8.0, 10.0], "0.9": [12.0, 9.0]})
    # 2 · 0.1 · 2 / 20; 2 · (0.1 · 2 + 0.9 · 1) / 20
    assert losses == pytest.approx({"0.1": 0.02, "0.9": 0.11})


def test_missing_actuals_are_skipped_and_negative_ones_weigh_as_much_as_positive_ones() -> None:
    assert weighted_quantile_losses([None, -4.0, 4.0], {"0.5": [99.0, -5.0, 5.0]}) == pytest.approx({"0.5": 0.25})


def test_the_mean_is_taken_over_the_quantiles() -> None:
    assert mean_weighted_quantile_loss([10.0], {"0.1": [8.0], "0.9": [12.0]}) == pytest.approx(0.04)
    assert mean_weighted_quantile_loss([10.0], {"0.1": [8.0], "0.5": [7.0]}) == pytest.approx((0.04 + 0.3) / 2)


@pytest.mark.parametrize("actual", [[], [None], [0.0, 0.0]])
def test_there_is_no_loss_without_an_actual_that_differs_from_0(actual: list[float | None]) -> None:
    assert weighted_quantile_losses(actual, {"0.5": [1.0] * len(actual)}) == {}
    assert mean_weighted_quantile_loss(actual, {"0.5": [1.0] * len(actual)}) is None


def test_names_have_all_digits() -> None:
    assert level_name(0.1) == "0.1"
    assert level_name(1 / 3) == "0.3333333333333333"
    assert loss_name("0.25") == "wQuantileLoss[0.25]"
