"""The likelihoods of the algorithm: the meaning of the network's outputs, their log-probability, and samples.

Values are scaled: ``mean`` divides by the context's mean absolute value, ``standard`` may instead subtract its mean and divide
by its standard deviation, ``none`` leaves them. ``log_prob`` is that of the unscaled value, so that losses of different scales
can be compared.
Shapes: outputs (…, size), value and scale (…,).
Source: Salinas et al. 2017, section 3.1 and 3.3 (gaussian and negative binomial); developer guide, ``likelihood``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Protocol

import jax
import jax.numpy as jnp
from jax import Array
from jax.scipy.special import gammaln, xlogy

from local_run.deepar.windows import Scaling

#: Smallest standard deviation, rate and shape; at 0 the log-probability is not finite.
TINY = 1e-6
#: The beta density is defined between 0 and 1 exclusively. Values of 0 and 1 are moved inside by this.
BETA_EDGE = 1e-4


class Likelihood(Protocol):
    """A family of distributions with ``size`` network outputs per step, of values that are scaled as ``scaling`` says."""

    size: int
    scaling: Scaling

    def log_prob(self, outputs: Array, value: Array, scale: Array) -> Array:
        """Return the log-probability of the unscaled value, shape (…,)."""

    def sample(self, key: Array, outputs: Array, scale: Array) -> Array:
        """Draw a scaled value for each step, shape (…,)."""


def _positive(output: Array) -> Array:
    return jax.nn.softplus(output) + TINY


class Gaussian:
    """Outputs: mean, and standard deviation (softplus)."""

    size = 2
    scaling: Scaling = "standard"

    def log_prob(self, outputs: Array, value: Array, scale: Array) -> Array:
        deviation = _positive(outputs[..., 1])
        error = (value - outputs[..., 0]) / deviation
        return -0.5 * error**2 - jnp.log(deviation * scale) - 0.5 * math.log(2 * math.pi)

    def sample(self, key: Array, outputs: Array, scale: Array) -> Array:
        return outputs[..., 0] + _positive(outputs[..., 1]) * jax.random.normal(key, outputs.shape[:-1])


class StudentT:
    """Outputs: location, scale (softplus), and degrees of freedom (2 + softplus, so that the variance exists)."""

    size = 3
    scaling: Scaling = "standard"

    def log_prob(self, outputs: Array, value: Array, scale: Array) -> Array:
        spread, freedom = _positive(outputs[..., 1]), 2 + _positive(outputs[..., 2])
        error = (value - outputs[..., 0]) / spread
        shape = gammaln((freedom + 1) / 2) - gammaln(freedom / 2) - 0.5 * jnp.log(math.pi * freedom)
        return shape - jnp.log(spread * scale) - (freedom + 1) / 2 * jnp.log1p(error**2 / freedom)

    def sample(self, key: Array, outputs: Array, scale: Array) -> Array:
        """Draw with the polar method, without rejection. Source: Bailey 1994, "Polar generation of random variates"."""
        spread, freedom = _positive(outputs[..., 1]), 2 + _positive(outputs[..., 2])
        uniform = jax.random.uniform(key, (2, *outputs.shape[:-1]), minval=TINY)
        radius = jnp.sqrt(freedom * jnp.expm1(-2 / freedom * jnp.log(uniform[0])))
        return outputs[..., 0] + spread * radius * jnp.cos(2 * math.pi * uniform[1])


class NegativeBinomial:
    """Counts. Outputs: mean (softplus · scale) and shape alpha (softplus / √scale). The variance is mean + alpha · mean²."""

    size = 2
    scaling: Scaling = "mean"

    def _parameters(self, outputs: Array, scale: Array) -> tuple[Array, Array]:
        return _positive(outputs[..., 0]) * scale, _positive(outputs[..., 1]) / jnp.sqrt(scale)

    def log_prob(self, outputs: Array, value: Array, scale: Array) -> Array:
        mean, alpha = self._parameters(outputs, scale)
        count, failures = value * scale, 1 / alpha
        chosen = gammaln(count + failures) - gammaln(count + 1) - gammaln(failures)
        return chosen - failures * jnp.log1p(alpha * mean) + xlogy(count, alpha * mean / (1 + alpha * mean))

    def sample(self, key: Array, outputs: Array, scale: Array) -> Array:
        """Draw a Poisson count whose rate is drawn from a gamma distribution."""
        mean, alpha = self._parameters(outputs, scale)
        rate_key, count_key = jax.random.split(key)
        rate = jax.random.gamma(rate_key, 1 / alpha) * alpha * mean
        return jax.random.poisson(count_key, rate).astype(jnp.float32) / scale


class Beta:
    """Unscaled values between 0 and 1. Outputs: the two shapes (softplus)."""

    size = 2
    scaling: Scaling = "none"

    def log_prob(self, outputs: Array, value: Array, scale: Array) -> Array:
        first, second = _positive(outputs[..., 0]), _positive(outputs[..., 1])
        inside = jnp.clip(value, BETA_EDGE, 1 - BETA_EDGE)
        # Not betaln, because its gradient is not finite if both shapes are tiny.
        normaliser = gammaln(first) + gammaln(second) - gammaln(first + second)
        return (first - 1) * jnp.log(inside) + (second - 1) * jnp.log1p(-inside) - normaliser

    def sample(self, key: Array, outputs: Array, scale: Array) -> Array:
        return jax.random.beta(key, _positive(outputs[..., 0]), _positive(outputs[..., 1]))


class DeterministicL1:
    """A point forecast. The "log-probability" is minus the absolute error, and all samples are equal."""

    size = 1
    scaling: Scaling = "standard"

    def log_prob(self, outputs: Array, value: Array, scale: Array) -> Array:
        return -jnp.abs(value - outputs[..., 0]) * scale

    def sample(self, key: Array, outputs: Array, scale: Array) -> Array:
        return outputs[..., 0]


LIKELIHOODS: Mapping[str, Likelihood] = {
    "gaussian": Gaussian(),
    "student-T": StudentT(),
    "negative-binomial": NegativeBinomial(),
    "beta": Beta(),
    "deterministic-L1": DeterministicL1(),
}
