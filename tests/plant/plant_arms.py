"""Every arm that the plant's tests run over, and random states for them."""

import numpy as np

from armfa import plant
from armfa.plant import PRESETS, ArmState, Loads, Simulator, make_arm
from armfa.plant.integrators import INTEGRATORS

STATIC = [make_arm(name) for name in PRESETS]
ARMS = STATIC + [
    make_arm(name, activation="first_order") for name, preset in PRESETS.items() if preset.activation_dynamics
]
CASES = [
    (arm, integrator)
    for arm in ARMS
    for integrator in INTEGRATORS
    if integrator != "euler" or arm.activation_dynamics is None or arm.published_with_euler
]


def name_of(x) -> str:
    """A readable name for a test's parameter."""
    if isinstance(x, str):
        return x
    return f"{x.name}-{'static' if x.activation_dynamics is None else 'first_order'}"


def random_state(arm, batch, seed=0, dtype=np.float64, speed=3.0):
    """States beyond the soft limits too, at a few rad/s, and excitations for them."""
    rng = np.random.default_rng(seed)
    low, high = np.array(arm.stops).T
    angle = rng.uniform(low - 0.14, high + 0.14, (*batch, 2))
    velocity = speed * rng.normal(size=(*batch, 2))
    bottom, top = arm.excitation_range
    activation, excitation = rng.uniform(bottom, top, (2, *batch, arm.n_muscles))
    return ArmState(*(x.astype(dtype) for x in (angle, velocity, activation))), excitation.astype(dtype)


# shorthand: one call for an arm, a time step and loads by name


def _called(method):
    def call(arm, state, argument, dt, integrator="semi_implicit_euler", **loads):
        return method(Simulator(arm, dt, integrator), state, argument, Loads(**loads))

    return call


step, step_vjp, rollout, linearize, hand_velocity_vjp, hand_velocity_jacobian = (
    _called(getattr(Simulator, name))
    for name in ("step", "step_vjp", "rollout", "linearize", "hand_velocity_vjp", "hand_velocity_jacobian")
)
best_excitation, minimum_norm_excitation = _called(plant.best_excitation), _called(plant.minimum_norm_excitation)
