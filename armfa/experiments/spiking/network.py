"""A network of stochastic spiking units that integrate over time, with forward and backward neurons active at once.

    V_l(t) = a V_l(t-1) + g W_l(t) s_(l-1)(t) + b_l(t),     s_l = 1 with probability sigma(V_l)
    D_L(t) = a D_L(t-1) + g (y* - s_L(t)),                  D_l(t) = a D_l(t-1) + g B_l phi(D_(l+1)(t))
    dW_l   = eta (D_l o sigma'(V_l)) s_(l-1)^T              plasticity in every step, no reset between images

phi = tanh(D / 2), the logistic function centred on 0. Several independent streams of images run at once as one
matrix product, their weight changes summed. [Lillicrap et al. 2016, Fig. 4, Methods; formulas rebuilt from the words]
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from armfa.controllers.circuits.mlp import Dense
from armfa.controllers.training.in_place import add_products

CONVENTIONS = ("ema", "leak")


class Potentials(NamedTuple):
    """What the neurons carry from step to step: one array (streams, units) a layer, without the input layer."""

    forward: tuple[np.ndarray, ...]
    backward: tuple[np.ndarray, ...]


class Activity(NamedTuple):
    """Spikes of one step: the input layer first, one float32 array (streams, units) of zeros and ones a layer."""

    spikes: tuple[np.ndarray, ...]


@dataclass(frozen=True)
class SpikingNetwork:
    """Sizes and dynamics.

    convention : what the time constant tau means. "ema": a = 1 - tau, g = tau, the present counts most ("a fast time
        constant"); "leak": a = tau, g = 1, the literal reading.
    """

    sizes: tuple[int, ...] = (784, 1500, 1500, 1500, 1000)
    convention: str = "ema"
    time_constant: float = 0.9
    start_scale: float = 0.05
    feedback_scale: float = 0.1
    largest_rate: float = 0.95  # of an input neuron

    def __post_init__(self) -> None:
        """Refuse an unknown convention."""
        if self.convention not in CONVENTIONS:
            raise ValueError(f"expected convention out of {CONVENTIONS}, got {self.convention!r}")

    @property
    def keep_and_gain(self) -> tuple[float, float]:
        """(a, g)."""
        tau = self.time_constant
        return (1.0 - tau, tau) if self.convention == "ema" else (tau, 1.0)

    def init(self, rng: np.random.Generator) -> tuple[Dense, ...]:
        """First weights and biases, U(-start_scale, start_scale)."""
        return tuple(
            Dense(_uniform(rng, self.start_scale, (n_out, n_in)), _uniform(rng, self.start_scale, (n_out,)))
            for n_in, n_out in zip(self.sizes[:-1], self.sizes[1:])
        )

    def draw_feedback(self, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
        """B of each hidden layer, (units, units of the layer above)."""
        return tuple(
            _uniform(rng, self.feedback_scale, (n, above)) for n, above in zip(self.sizes[1:-1], self.sizes[2:])
        )

    def rest(self, streams: int) -> Potentials:
        """All potentials at zero."""
        zeros = tuple(np.zeros((streams, n), np.float32) for n in self.sizes[1:])
        return Potentials(zeros, zeros)


def step(
    network: SpikingNetwork,
    params: tuple[Dense, ...],
    feedback: tuple[np.ndarray, ...],
    state: Potentials,
    pixels: np.ndarray,
    target: np.ndarray | None,
    rng: np.random.Generator,
) -> tuple[Potentials, Activity]:
    """Potentials and spikes one step later; within a step activity sweeps forward, then feedback sweeps back.

    pixels : (streams, inputs) in [0, 1], read as chances of a spike. target : (streams, outputs) of zeros and ones, or
    None when nobody teaches: backward neurons then stay as they are.
    """
    keep, gain = network.keep_and_gain
    spikes = [_bernoulli(rng, np.minimum(pixels, network.largest_rate))]
    forward = []
    for layer, potential in zip(params, state.forward):
        potential = keep * potential + gain * (spikes[-1] @ layer.weight.T) + layer.bias
        forward.append(potential)
        spikes.append(_bernoulli(rng, _logistic(potential)))
    if target is None:
        return Potentials(tuple(forward), state.backward), Activity(tuple(spikes))
    backward = [keep * state.backward[-1] + gain * (target - spikes[-1])]
    for matrix, potential in zip(reversed(feedback), reversed(state.backward[:-1])):
        backward.insert(0, keep * potential + gain * (np.tanh(0.5 * backward[0]) @ matrix.T))
    return Potentials(tuple(forward), tuple(backward)), Activity(tuple(spikes))


def learn_in_place(params: tuple[Dense, ...], state: Potentials, activity: Activity, rate: float) -> None:
    """DW = rate (D o sigma'(V)) s^T, summed over streams, and the same for biases; weights are changed in place."""
    for layer, potential, modulator, presynaptic in zip(params, state.forward, state.backward, activity.spikes):
        chance = _logistic(potential)
        change = modulator * (chance * (1.0 - chance))
        add_products(layer.weight, change, presynaptic, rate)
        np.add(layer.bias, rate * change.sum(0), out=layer.bias)


def group_targets(labels: np.ndarray, outputs: int) -> np.ndarray:
    """y*: 1 for the neurons of the shown class (outputs / 10 neurons a class), else 0; float32 (streams, outputs)."""
    return np.repeat(np.eye(10, dtype=np.float32)[labels], outputs // 10, axis=1)


def classify(
    network: SpikingNetwork, params: tuple[Dense, ...], images: np.ndarray, steps: int, rng: np.random.Generator
) -> np.ndarray:
    """Class whose neurons spiked most over `steps` steps; plasticity is off, and nothing else changes.

    The images go by in 500 streams; as in training, a stream is not reset between one image and the next.
    """
    guesses = []
    streams = min(500, len(images))
    state = network.rest(streams)
    for first in range(0, len(images), streams):
        shown = images[first : first + streams]
        state = Potentials(*(tuple(each[: len(shown)] for each in kind) for kind in state))
        count: Any = 0.0
        for _ in range(steps):
            state, activity = step(network, params, (), state, shown, None, rng)
            count = count + activity.spikes[-1].reshape(len(shown), 10, -1).sum(2)
        guesses.append(np.argmax(count, axis=1))
    return np.concatenate(guesses)


def _uniform(rng: np.random.Generator, scale: float, size: tuple[int, ...]) -> np.ndarray:
    return ((rng.random(size, np.float32) * 2.0 - 1.0) * scale).astype(np.float32)


def _bernoulli(rng: np.random.Generator, chance: np.ndarray) -> np.ndarray:
    return (rng.random(chance.shape, np.float32) < chance).astype(np.float32)


def _logistic(potential: np.ndarray) -> np.ndarray:
    return 0.5 * np.tanh(0.5 * potential) + 0.5
