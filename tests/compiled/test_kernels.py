"""Compiled kernels against the same source uncompiled, in bits over batches and threads, and in vectors."""

import importlib.util
import os
import platform
import re
import threading
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

import gymnasium as gym
import numpy as np
import pytest

import armfa
from armfa.arrays import exp
from armfa.compiled import kernels
from armfa.compiled.graph import Graph
from armfa.compiled.kernels import printed
from armfa.compiled.program import Program, Wide
from armfa.plant import ArmState, Loads, Simulator, make_arm, physics
from armfa.plant.constants import Constants, positive
from armfa.plant.physics import RowLoads, Rows
from armfa.plant.simulator import step_program
from armfa.plant.traced import symbolic

gym.register_envs(armfa)

ARMS = {  # every muscle family, geometry and activation once
    "li_todorov": "static",
    "lillicrap_scott": "first_order",
    "motornet_arm26": "first_order",
    "li_todorov_smooth": "first_order",
    "katayama_kawato": "static",
    "torque": "static",
}
ROUNDING = 50
"""Units in the last place of a quantity's greatest value: 1.1e-14 in float64, 6e-6 in float32."""
ARM = make_arm()


def random_state(arm, n, dtype=np.float64, seed=0):
    """Arms within and beyond their limits, moving, with active muscles, and what drives and pushes them."""
    rng = np.random.default_rng(seed)
    low, high = np.array(arm.stops).T
    bottom, top = arm.excitation_range
    angle, velocity = rng.uniform(low - 0.1, high + 0.1, (n, 2)), 2.0 * rng.normal(size=(n, 2))
    activation, u = rng.uniform(bottom, top, (2, n, arm.n_muscles))
    force, torque = rng.normal(size=(2, n, 2))
    state = ArmState(*(x.astype(dtype) for x in (angle, velocity, activation)))
    return state, u.astype(dtype), Loads(force.astype(dtype), torque.astype(dtype))


def parts_program(simulator):
    """What differs between kinds of arms, before it moves them: muscles, activation, limits, loads."""
    graph, n = Graph(), simulator.arm.n_muscles
    arm = symbolic(graph, simulator).arm
    q, w, force, torque = (graph.pair(name) for name in ("q", "w", "hand_force", "joint_torque"))
    a, u = (graph.input(name, wide=True) for name in ("a", "u"))
    rows = Rows(*q.parts, *w.parts, physics.activation_after(arm, a, u, graph.constant(("dt",))))
    turned = physics.torques(arm, rows, RowLoads(force.parts, torque.parts))
    total = [sum(each[1:], each[0]) for each in zip(*turned)]
    inputs = {"q": q, "w": w, "a": a, "u": u, "hand_force": force, "joint_torque": torque}
    return Program(inputs, {"torque": total, "activation": Wide(rows.a)}, n)


def close(found, expected, dtype):
    """Equal to rounding, compared with the greatest value of each quantity."""
    for name, x in expected.items():
        assert found[name].dtype == x.dtype == dtype
        assert np.abs(found[name] - x).max() <= ROUNDING * np.finfo(dtype).eps * np.abs(x).max(), name


@pytest.mark.parametrize(("name", "dtype"), [*((name, np.float64) for name in ARMS), ("motornet_arm26", np.float32)])
def test_a_kernel_gives_what_its_source_gives(name, dtype):
    simulator = Simulator(make_arm(name, activation=ARMS[name]))
    state, u, loads = random_state(simulator.arm, 67, dtype)
    arrays = dict(zip(("q", "w", "a", "u", "hand_force", "joint_torque"), (*state, u, *loads)))
    bound = simulator.bound(parts_program)
    given = {each: arrays[each] for each in bound.program.names[0]}
    close(bound.by_kernel(given), bound.by_library(given), dtype)


def test_a_compiled_step_and_its_adjoint_are_those_of_the_source(monkeypatch):
    simulator = Simulator(ARM)
    state, u, _ = random_state(ARM, 40)
    bar = ArmState(*(np.random.default_rng(1).normal(size=x.shape) for x in state))

    def results():
        after, back = simulator.step_vjp(state, u)
        by_state, by_u, _ = back(bar)
        return dict(zip("qwabcdu", (*after, *by_state, by_u)))

    compiled = results()
    monkeypatch.setenv("ARMFA_COMPILED", "0")
    close(compiled, results(), np.float64)


def states_of(state, place):
    return ArmState(*(x[place] for x in state))


def test_one_arm_and_any_batch_have_the_same_bits():
    simulator = Simulator(ARM)
    state, u, _ = random_state(ARM, 70)
    error = np.random.default_rng(2).normal(size=(70, 2))

    def results(place):
        velocity, back = simulator.hand_velocity_vjp(states_of(state, place), u[place])
        return *simulator.step(states_of(state, place), u[place]), velocity, back(error[place])

    together = results(slice(None))
    for count in range(1, 71):
        for found, expected in zip(results(slice(count)), together, strict=True):
            np.testing.assert_array_equal(found, expected[:count])
    for i in range(70):
        for found, expected in zip(results(i), together, strict=True):
            np.testing.assert_array_equal(found, expected[i])


def test_strided_and_broadcast_arrays_have_the_bits_of_plain_ones():
    simulator = Simulator(ARM)
    state, u, _ = random_state(ARM, 24)
    plain = simulator.step(state, u)
    every_other = ArmState(*(np.repeat(x, 2, axis=0)[::2] for x in state))
    folded = simulator.step(
        ArmState(*(x.reshape(2, 3, 4, -1) for x in every_other)), np.asfortranarray(u).reshape(2, 3, 4, 6)
    )
    for found, expected in zip(folded, plain, strict=True):
        np.testing.assert_array_equal(found.reshape(24, -1), expected)
    shared = simulator.step(state, u[0])
    for found, expected in zip(shared, simulator.step(state, np.tile(u[0], (24, 1))), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_no_arms_are_moved_to_no_arms():
    state, u, _ = random_state(ARM, 0)
    assert [x.shape for x in Simulator(ARM).step(state, u)] == [(0, 2), (0, 2), (0, 6)]


def test_two_threads_on_halves_have_the_bits_of_one_call():
    simulator = Simulator(ARM)
    state, u, _ = random_state(ARM, 3001)
    expected = simulator.step(state, u)
    halves = [slice(0, 1500), slice(1500, None)]
    found: dict[int, ArmState] = {}

    def half(i):
        for _ in range(20):
            found[i] = simulator.step(states_of(state, halves[i]), u[halves[i]])

    threads = [threading.Thread(target=half, args=(i,)) for i in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for i in (0, 1):
        for one, other in zip(found[i], states_of(expected, halves[i]), strict=True):
            np.testing.assert_array_equal(one, other)


PACKED = {"x86_64": r"\bv?(add|sub|mul|fn?m(add|sub)\d*)pd\b", "aarch64": r"\bfm(ul|la|ls)\s+v\d+\.2d"}


def test_every_loop_of_a_kernel_works_on_vectors(tmp_path):
    """Each operation of a loop stands in its code for vectors of arms; without vectors, only for single ones."""
    machine = {"AMD64": "x86_64", "arm64": "aarch64"}.get(platform.machine(), platform.machine())
    program = Simulator(ARM).bound(step_program, "step", (False, False)).program
    file = tmp_path / "fresh_kernel.py"
    source = printed(program, "float64")
    file.write_text(source.replace(", cache=True", ""))  # Numba shows no code that it kept
    spec = importlib.util.spec_from_file_location(file.stem, file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    arrays = [np.zeros((1, n)) for n in (2, 2, 6, *program.sizes.values())]
    module.kernel(np.ones((len(program.fixed), 6)), *arrays)
    (code,) = module.kernel.inspect_asm().values()
    loops = {
        int(found[1]): part
        for part in re.split(r"^(?=_ZN\S+:)", code, flags=re.MULTILINE)
        if (found := re.match(r"_ZN\d+\w+?5loop(\d)", part))
    }
    assert len(loops) >= 3
    written = re.split(r"def loop\d", source.split("def kernel")[0])[1:]
    for number, loop in loops.items():  # but for short ones, which stand within the kernel
        operations = len(re.findall(r"\(\S+ [-+*] \S+\)", written[number]))
        assert len(re.findall(PACKED[machine], loop)) >= max(1, 0.9 * operations), number


@dataclass(frozen=True)
class Rubber(Constants):
    """T/Fmax = a (1 - exp(-s l)) for one's own muscle."""

    steepness: Annotated[float, positive()]
    proportional: ClassVar[bool] = True

    def tension(self, l, v, a):
        return a * (1.0 - exp(-self.steepness * l)) * (1.0 + 0.1 * v)


def test_a_muscle_of_ones_own_is_compiled_and_has_derivatives(monkeypatch):
    arm = replace(ARM, name="mine", curves=Rubber(2.0))
    simulator = Simulator(arm)
    state, u, _ = random_state(arm, 9)
    after = simulator.step(state, u)
    monkeypatch.setenv("ARMFA_COMPILED", "0")
    close(dict(zip("qwa", after)), dict(zip("qwa", simulator.step(state, u))), np.float64)
    _, by_u = simulator.linearize(state, u)
    for muscle in range(6):
        moved = u + 0j
        moved[:, muscle] += 1e-30j
        exact = np.concatenate(simulator.step(ArmState(*(x + 0j for x in state)), moved), axis=-1).imag / 1e-30
        np.testing.assert_allclose(by_u[:, :4, muscle], exact[:, :4], rtol=1e-10, atol=1e-13)


def test_a_constant_of_ones_own_muscle_is_checked_as_others_are():
    with pytest.raises(ValueError, match=r"Rubber\.steepness: expected above 0, got -1"):
        Rubber(-1.0)


def test_arms_that_differ_in_numbers_share_a_kernel():
    heavier = replace(ARM, name="heavier", skeleton=replace(ARM.skeleton, mass=(1.5, 1.1)))
    one, other = (
        Simulator(arm, dt).bound(step_program, "step", (False, False)) for arm, dt in ((ARM, 0.01), (heavier, 0.02))
    )
    assert printed(one.program, "float64") == printed(other.program, "float64")


@pytest.mark.parametrize("name", ["armfa/Reach-v0", "armfa/HandVelocity-v0"])
def test_an_environment_is_the_same_without_numba(name, monkeypatch):
    def played():
        env = gym.make(name)
        env.action_space.seed(0)
        seen = [env.reset(seed=0)[0]]
        rewards = []
        for _ in range(40):
            observation, reward, *_ = env.step(env.action_space.sample())
            seen.append(observation)
            rewards.append(reward)
        return np.array(seen), np.array(rewards)

    seen, rewards = played()
    monkeypatch.setattr(kernels, "numba_version", lambda: None)
    assert not kernels.available()
    assert "not installed" in kernels.how_it_runs()
    plain_seen, plain_rewards = played()
    np.testing.assert_allclose(seen, plain_seen, rtol=1e-6, atol=1e-7)  # float32 at the door
    np.testing.assert_allclose(rewards, plain_rewards, rtol=1e-12)


def test_a_variable_switches_compiled_code_off(monkeypatch):
    assert kernels.available()
    monkeypatch.setenv("ARMFA_COMPILED", "0")
    assert not kernels.available()
    assert kernels.how_it_runs().endswith("switched off by ARMFA_COMPILED=0")


# where they are kept


@pytest.fixture
def no_cache(tmp_path, monkeypatch):
    """A cache that cannot be written, and an empty folder of temporary files."""
    (tmp_path / "file").write_text("")
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.setattr(kernels.tempfile, "tempdir", str(tmp_path / "temporary"))
    kernels._private_folder.cache_clear()
    yield tmp_path / "temporary" / f"armfa-kernels-{os.getuid()}"
    kernels._private_folder.cache_clear()


def mode(folder):
    return folder.stat().st_mode & 0o777


def test_where_the_cache_cannot_be_written_kernels_lie_in_a_private_folder(no_cache):
    assert kernels.cache_folder() == no_cache
    assert mode(no_cache) == 0o700


def test_a_folder_that_others_could_write_to_is_made_private(no_cache):
    no_cache.mkdir(mode=0o777)
    no_cache.chmod(0o777)
    assert kernels.cache_folder() == no_cache
    assert mode(no_cache) == 0o700


@pytest.mark.parametrize("what", ["a link", "a file", "another's"])
def test_a_folder_that_somebody_else_put_there_is_not_used(no_cache, tmp_path, monkeypatch, what):
    if what == "a link":
        (tmp_path / "elsewhere").mkdir()
        no_cache.symlink_to(tmp_path / "elsewhere")
    elif what == "a file":
        no_cache.write_text("")
    else:
        no_cache.mkdir()
        other = os.getuid() + 1
        monkeypatch.setattr(kernels.os, "getuid", lambda: other)
        no_cache.rename(no_cache.with_name(f"armfa-kernels-{other}"))
    folder = kernels.cache_folder()
    assert folder.parent == no_cache.parent and folder != no_cache and folder.name != f"armfa-kernels-{os.getuid()}"
    assert mode(folder) == 0o700
    assert kernels.cache_folder() == folder  # one for the process


def test_a_tilde_in_the_name_of_the_cache_is_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", "~/mine")
    assert kernels.cache_folder() == tmp_path / "mine" / "armfa" / "kernels"


def test_within_uncompiled_nothing_is_compiled_and_after_it_all_is_as_before():
    before = kernels.available()
    with pytest.raises(KeyError), kernels.uncompiled():
        assert not kernels.available()
        raise KeyError
    assert kernels.available() == before
