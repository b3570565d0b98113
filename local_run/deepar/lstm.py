"""One LSTM layer with zoneout, and its derivative.

Automatic differentiation of a scan adds to the weights' gradient at every step. The derivative here collects the gates'
gradients, and multiplies once after the scan. Arrays are time-major: T steps, B rows.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array


class States(NamedTuple):
    """What a layer computed at all steps, each array with T as first axis; without T: at one step."""

    hidden: Array  # (T, B, cells)
    memory: Array  # (T, B, cells)
    gates: Array  # (T, B, 4 · cells), activated


def cell(gates: Array, hidden: Array, memory: Array, keep: float | Array) -> tuple[Array, Array, Array]:
    """Do one LSTM step with zoneout. Returns the new hidden state and memory, both (rows, cells), and the activated gates.

    ``gates`` has shape (rows, 4 · cells), in the order input, forget, candidate, output. ``keep`` is the share of the old state
    that remains: 0 or 1 per neuron in training, the zoneout rate in sampling. Source: D. Krueger et al., "Zoneout", 2016.
    """
    raw = jnp.split(gates, 4, axis=-1)
    entry, forget, candidate, exit_ = (*map(jax.nn.sigmoid, raw[:2]), jnp.tanh(raw[2]), jax.nn.sigmoid(raw[3]))
    fresh = forget * memory + entry * candidate
    output = exit_ * jnp.tanh(fresh)
    activated = jnp.concatenate([entry, forget, candidate, exit_], axis=-1)
    return keep * hidden + (1 - keep) * output, keep * memory + (1 - keep) * fresh, activated


def layer_states(gates: Array, recurrent: Array, keep: Array) -> States:
    """Run one layer over all steps.

    ``gates``, shape (T, B, 4 · cells), is what the layer's inputs add to its gates; ``recurrent`` has shape (cells, 4 · cells).
    ``keep``, shape (T, B, cells), is the share of the old state that remains.
    """

    def step(carry: tuple[Array, Array], inputs: tuple[Array, Array]) -> tuple[tuple[Array, Array], States]:
        hidden, memory = carry
        added, kept = inputs
        states = States(*cell(added + hidden @ recurrent, hidden, memory, kept))
        return (states.hidden, states.memory), states

    zeros = jnp.zeros(keep.shape[1:], gates.dtype)
    _, states = jax.lax.scan(step, (zeros, zeros), (gates, keep))
    return States(*states)


@jax.custom_vjp  # type: ignore[untyped-decorator]
def layer_outputs(gates: Array, recurrent: Array, keep: Array, states: States) -> Array:
    """Return the hidden states, shape (T, B, cells), which :func:`layer_states` computed from the other three arguments.

    The derivative is that of the computation by ``gates`` and ``recurrent``; ``keep`` and ``states`` are constants.
    """
    return states.hidden


def _forward(gates: Array, recurrent: Array, keep: Array, states: States) -> tuple[Array, tuple[Array, Array, States]]:
    return states.hidden, (recurrent, keep, states)


def _backward(saved: tuple[Array, Array, States], outer: Array) -> tuple[Array, Array, None, None]:
    recurrent, keep, states = saved
    entry, forget, candidate, exit_ = jnp.split(states.gates, 4, axis=-1)
    hidden, memory = (jnp.concatenate([jnp.zeros_like(each[:1]), each[:-1]]) for each in (states.hidden, states.memory))
    bounded = jnp.tanh(forget * memory + entry * candidate)
    by_output = exit_ * (1 - bounded**2)
    by_fresh = [entry * (1 - entry) * candidate, forget * (1 - forget) * memory, entry * (1 - candidate**2)]
    slopes = jnp.concatenate([*by_fresh, exit_ * (1 - exit_) * bounded], axis=-1)

    def step(carry: tuple[Array, Array], inputs: tuple[Array, ...]) -> tuple[tuple[Array, Array], Array]:
        of_hidden, of_memory = carry
        added, kept, output_slope, forgotten, slope = inputs
        of_hidden = of_hidden + added
        of_output = (1 - kept) * of_hidden
        of_fresh = (1 - kept) * of_memory + of_output * output_slope
        of_gates = jnp.concatenate([of_fresh, of_fresh, of_fresh, of_output], axis=-1) * slope
        return (kept * of_hidden + of_gates @ recurrent.T, kept * of_memory + of_fresh * forgotten), of_gates

    zeros = jnp.zeros_like(outer[0])
    _, of_gates = jax.lax.scan(step, (zeros, zeros), (outer, keep, by_output, forget, slopes), reverse=True)
    of_recurrent = hidden.reshape(-1, hidden.shape[-1]).T @ of_gates.reshape(-1, of_gates.shape[-1])
    return of_gates, of_recurrent, None, None


layer_outputs.defvjp(_forward, _backward)
