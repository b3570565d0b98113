"""Log-probabilities against scipy, samples against the moments that the parameters promise."""

from __future__ import annotations

import jax
import numpy as np
import pytest
from scipy import stats

from local_run.deepar.likelihoods import BETA_EDGE, LIKELIHOODS, TINY

OUTPUTS = np.array([[0.3, -0.5, 0.8], [-1.2, 0.4, -2.0], [2.0, 1.5, 0.1], [0.0, 0.0, 3.0]], np.float32)
SCALE = np.array([1.0, 0.02, 250.0, 7.0], np.float32)


def softplus(values: np.ndarray) -> np.ndarray:
    return np.log1p(np.exp(np.asarray(values, np.float64))) + TINY


def expected(name: str, value: np.ndarray) -> np.ndarray:
    """scipy's log-density of value · scale."""
    first, second, third = OUTPUTS.astype(np.float64).T
    whole = value * SCALE.astype(np.float64)
    if name == "gaussian":
        return stats.norm.logpdf(whole, first * SCALE, softplus(second) * SCALE)
    if name == "student-T":
        return stats.t.logpdf(whole, 2 + softplus(third), first * SCALE, softplus(second) * SCALE)
    if name == "beta":
        return stats.beta.logpdf(np.clip(value, BETA_EDGE, 1 - BETA_EDGE), softplus(first), softplus(second))
    mean, alpha = softplus(first) * SCALE, softplus(second) / np.sqrt(SCALE)
    return stats.nbinom.logpmf(np.round(whole), 1 / alpha, 1 / (1 + alpha * mean))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("gaussian", [0.1, -3.0, 2.5, 0.0]),
        ("student-T", [0.1, -30.0, 2.5, 0.0]),
        ("beta", [0.2, 0.0, 1.0, 0.999]),
        ("negative-binomial", [3.0, 0.0, 2.0, 5.0]),
    ],
)
def test_log_probability_is_scipys(name: str, value: list[float]) -> None:
    likelihood = LIKELIHOODS[name]
    values = np.array(value, np.float32)
    if name == "negative-binomial":
        values = np.round(values * 10) / SCALE  # whole counts
    found = likelihood.log_prob(OUTPUTS[:, : likelihood.size], values, SCALE)
    np.testing.assert_allclose(found, expected(name, values.astype(np.float64)), rtol=2e-4, atol=2e-4)


def test_deterministic_l1_is_the_absolute_error() -> None:
    likelihood = LIKELIHOODS["deterministic-L1"]
    found = likelihood.log_prob(OUTPUTS[:, :1], np.zeros(4, np.float32), SCALE)
    np.testing.assert_allclose(found, -np.abs(OUTPUTS[:, 0]) * SCALE, rtol=1e-6)


@pytest.mark.parametrize("name", sorted(LIKELIHOODS))
def test_samples_have_the_distributions_quantiles(name: str) -> None:
    likelihood = LIKELIHOODS[name]
    outputs = np.broadcast_to(np.array([0.4, 0.2, 1.0], np.float32)[: likelihood.size], (40_000, likelihood.size))
    scale = np.full(40_000, 20.0, np.float32)
    drawn = np.asarray(likelihood.sample(jax.random.key(3), outputs, scale))
    first, second, freedom = softplus(0.4), softplus(0.2), 2 + softplus(1.0)
    alpha = second / np.sqrt(20)
    exact = {
        "gaussian": stats.norm(0.4, second),
        "student-T": stats.t(freedom, 0.4, second),
        "beta": stats.beta(first, second),
        "negative-binomial": stats.nbinom(1 / alpha, 1 / (1 + alpha * first * 20)),
        "deterministic-L1": stats.norm(0.4, 1e-9),
    }[name]
    levels = np.array([0.05, 0.25, 0.5, 0.75, 0.95])
    reached = exact.ppf(levels) / (20 if name == "negative-binomial" else 1)
    tolerance = 0.051 if name == "negative-binomial" else 0.03  # one count is 0.05
    np.testing.assert_allclose(np.quantile(drawn, levels), reached, atol=tolerance * max(1, np.abs(reached).max()))


@pytest.mark.parametrize("name", sorted(LIKELIHOODS))
@pytest.mark.parametrize("output", [-30.0, 0.0, 30.0])
def test_gradients_stay_finite_at_the_edges(name: str, output: float) -> None:
    """Extreme outputs, and the values at the edge of what the likelihood allows."""
    likelihood = LIKELIHOODS[name]
    outputs = np.full((2, likelihood.size), output, np.float32)
    values = np.array([0.0, 1.0], np.float32)
    gradient = jax.grad(lambda found: likelihood.log_prob(found, values, np.float32(2.0)).sum())(outputs)
    assert np.isfinite(gradient).all()
