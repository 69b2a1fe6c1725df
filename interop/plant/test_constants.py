"""Derivatives by an arm's constants, through `dataclasses.replace`, in JAX and torch: for system identification."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch
from plant_arms import ARMS, name_of, random_state

from armfa.plant import Simulator, make_arm
from armfa.plant.constants import fields_of

LEFT_OUT = {"joint_range", "center_posture", "excitation_range"}
"""Where tasks and controllers place the arm: a step does not know them."""
FRICTION = ((0.05, 0.02), (0.03, 0.06))
KINDS = [
    dataclasses.replace(arm, skeleton=dataclasses.replace(arm.skeleton, friction=FRICTION))
    for arm in ARMS
    if arm.activation_dynamics is not None or arm.name in ("katayama_kawato", "torque")
]


def constants(arm):
    """Every constant that a step knows, by part and name, as arrays."""
    parts = {"": arm} | {field.name: getattr(arm, field.name) for field in dataclasses.fields(arm)}
    return {
        (place, name): np.array(getattr(part, name), float)
        for place, part in parts.items()
        if dataclasses.is_dataclass(part)
        for name in fields_of(type(part))
        if name not in LEFT_OUT and getattr(part, name) is not None
    }


def with_constants(arm, values):
    """The arm with these constants."""
    changed = {}
    for (place, name), value in values.items():
        changed.setdefault(place, {})[name] = value
    own = changed.pop("", {})
    parts = {place: dataclasses.replace(getattr(arm, place), **new) for place, new in changed.items()}
    return dataclasses.replace(arm, **parts, **own)


def summed(arm, state, u, weights):
    """A number that all of the next state has a part in."""
    after = Simulator(arm).step(state, u)
    return sum((x * w).sum() for x, w in zip(after, weights))


def measured(arm, values, key, place, state, u, weights):
    """The central difference by one constant."""
    h = 1e-6 * max(1e-2, abs(values[key][place]))
    ends = []
    for sign in (1.0, -1.0):
        moved = values[key].copy()
        moved[place] += sign * h
        ends.append(summed(with_constants(arm, values | {key: moved}), state, u, weights))
    return (ends[0] - ends[1]) / (2 * h)


def by_jax(arm, values, state, u, weights):
    given = {"/".join(key): jnp.asarray(value) for key, value in values.items()}

    def f(given):
        return summed(with_constants(arm, {tuple(k.split("/")): v for k, v in given.items()}), *moving)

    moving = jax.tree.map(jnp.asarray, (state, u, weights))
    return {tuple(key.split("/")): np.asarray(x) for key, x in jax.grad(f)(given).items()}


def by_torch(arm, values, state, u, weights):
    given = {key: torch.tensor(value, requires_grad=True) for key, value in values.items()}
    moving = jax.tree.map(torch.tensor, (state, u, weights))
    found = torch.autograd.grad(summed(with_constants(arm, given), *moving), list(given.values()), allow_unused=True)
    return {k: np.zeros(given[k].shape) if x is None else x.numpy() for k, x in zip(given, found)}


@pytest.mark.parametrize("library", [by_jax, by_torch], ids=["jax", "torch"])
@pytest.mark.parametrize("arm", KINDS, ids=name_of)
def test_derivatives_by_every_constant_are_the_central_differences(arm, library):
    state, u = random_state(arm, (6,), speed=1.0)
    weights = tuple(np.random.default_rng(1).normal(size=x.shape) for x in state)
    values = constants(arm)
    found = library(arm, values, state, u, weights)
    touched = 0
    for key, value in values.items():
        for place in np.ndindex(value.shape):
            expected = measured(arm, values, key, place, state, u, weights)
            got = found[key][place]
            assert np.isfinite(got)
            assert got == pytest.approx(expected, rel=1e-4, abs=1e-6 * max(1.0, abs(expected))), (key, place)
            touched += expected != 0.0
    assert touched > 0.6 * sum(value.size for value in values.values())


def test_masses_are_found_from_movements_under_jit():
    """A fit as a user writes it: the masses of an arm, from how it moves under known commands."""
    arm, (state, u) = make_arm(), random_state(make_arm(), (64,), speed=1.0)
    seen = Simulator(arm).step(state, u).joint_velocity
    given = jax.tree.map(jnp.asarray, (state, u, seen))

    @jax.jit
    def descend(mass):
        def loss(mass):
            skeleton = dataclasses.replace(arm.skeleton, mass=mass)
            after = Simulator(dataclasses.replace(arm, skeleton=skeleton)).step(*given[:2])
            return jnp.square(after.joint_velocity - given[2]).sum()

        return jax.value_and_grad(loss)(mass)

    wrong, right = (descend(jnp.array(mass)) for mass in ([1.4, 1.3], arm.skeleton.mass))
    assert float(wrong[0]) > 1e-3 > 1e-20 > float(right[0])
    assert abs(float(wrong[1][1])) > 1e-3 and np.abs(np.asarray(right[1])).max() < 1e-9


@pytest.mark.parametrize("key", constants(make_arm()), ids="-".join)
def test_every_constant_may_be_unknown_under_jit(key):
    """What an arm checks of its constants must not ask for their values."""
    arm = make_arm()
    state, u = jax.tree.map(jnp.asarray, random_state(arm, (8,)))

    def speed(value):
        return Simulator(with_constants(arm, {key: value})).step(state, u).joint_velocity.sum()

    gradient = jax.jit(jax.grad(speed))(jnp.asarray(constants(arm)[key]))
    assert np.isfinite(np.asarray(gradient)).all()
    assert np.abs(np.asarray(gradient)).max() > 0.0
