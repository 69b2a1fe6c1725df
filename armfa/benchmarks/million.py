"""A million arms at once on one core: time and memory. `python -m armfa.benchmarks.million`.

The plant alone (`Simulator.step`), and the vector environment with a random generator per arm, rewards and checks. Both
run through the kernels that serve one arm too. With `--jax` the plant alone, by JAX on the first device that it finds.
"""

import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import gymnasium as gym
import numpy as np
import tyro

import armfa  # noqa: F401  registers the environments
from armfa.controllers import keep_memory, one_blas_thread
from armfa.plant import Arm, ArmState, Simulator, make_arm, rest_state


@dataclass(frozen=True)
class Million:
    """Step a million arms at once on one core, and tell time and memory."""

    arms: int = 1_000_000
    """How many."""
    steps: int = 10
    """Time steps that are measured."""
    jax: bool = False
    """The plant alone, by JAX on the first device that it finds, an accelerator where there is one; its name is
    printed."""


def main(config: Million) -> None:
    """Measure and print."""
    keep_memory()
    rng, n = np.random.default_rng(0), config.arms
    with one_blas_thread():
        arm = make_arm("li_todorov")
        state = rest_state(arm, rng.uniform(0.5, 1.5, (n, 2)).astype(np.float32))
        command = rng.uniform(0, 1, (n, arm.n_muscles)).astype(np.float32)
        if config.jax:
            told(*by_jax(arm, state, command), config)
            return
        told("plant, float32", partial(Simulator(arm, 0.01).step, state, command), config)
        del state, command
        start = time.perf_counter()
        envs: Any = gym.make_vec("armfa/Reach-v0", num_envs=n, vectorization_mode="vector_entry_point")
        envs.reset(seed=0)
        print(f"vector environment, Reach: made and reset in {time.perf_counter() - start:.1f} s", flush=True)
        actions = rng.uniform(0, 1, envs.action_space.shape).astype(np.float32)
        told("vector environment, Reach", partial(envs.step, actions), config)


def by_jax(arm: Arm, state: ArmState, command: np.ndarray) -> tuple[str, Callable[[], Any]]:
    """The name of JAX's first device, and a step there that is waited for."""
    import jax

    device = jax.devices()[0]
    there, step = jax.device_put((state, command), device), jax.jit(Simulator(arm, 0.01).step)
    return f"plant, float32, JAX on {device.device_kind}", lambda: jax.block_until_ready(step(*there))


def told(name: str, step: Callable[[], Any], config: Million) -> None:
    """Measure some steps and print a line."""
    step()  # compiled, and its memory taken
    start = time.perf_counter()
    for _ in range(config.steps):
        step()
    seconds = (time.perf_counter() - start) / config.steps
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    print(f"{name}: {config.arms:,} arms, {1000 * seconds:.3g} ms per step, {config.arms / seconds / 1e6:.2f} million "
          f"arm steps per second; at most {peak / 2**30:.2f} GiB of host memory so far", flush=True)  # fmt: skip


if __name__ == "__main__":
    main(tyro.cli(Million, description=Million.__doc__))
