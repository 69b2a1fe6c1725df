"""The plant inside a JAX training loop
====================================

jit, grad and vmap go through the arm.

python demos/plant_in_jax.py [--updates 200]        (needs the extra armfa[jax])
"""

import argparse

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt

from armfa.plant import ArmState, Simulator, hand_position, make_arm

ARM = make_arm()
SIMULATOR, STEPS = Simulator(ARM, dt=0.01), 40
TARGET = jnp.array([0.10, 0.45])  # m


def end_of_reach(excitations: jax.Array) -> ArmState:
    """The arm after an open-loop sequence of excitations (time, 6), from rest at the center posture."""
    start = ArmState(jnp.array(ARM.center_posture), jnp.zeros(2), jnp.zeros(6))
    return jax.lax.scan(lambda state, u: (SIMULATOR.step(state, u), None), start, excitations)[0]


def cost(logits: jax.Array) -> jax.Array:
    """Squared distance from the target (cm^2), plus leftover speed and effort."""
    excitations = jax.nn.sigmoid(logits)
    state = end_of_reach(excitations)
    miss = 100.0 * (hand_position(ARM, state.joint_angle) - TARGET)
    return jnp.sum(miss**2) + 0.1 * jnp.sum(state.joint_velocity**2) + 0.1 * jnp.mean(excitations**2)


@jax.jit
def descend(logits: jax.Array) -> tuple[jax.Array, jax.Array]:
    """One step down the gradient, of a length of its own."""
    value, gradient = jax.value_and_grad(cost)(logits)
    return logits - 0.5 * gradient / (1e-6 + jnp.linalg.norm(gradient)), value


def main(updates: int = 200) -> float:
    """Find muscle commands that reach the target; returns the last cost."""
    logits, value = jnp.zeros((STEPS, 6)), jnp.inf
    for update in range(updates):
        logits, value = descend(logits)
        if update % 40 == 0 or update == updates - 1:
            print(f"update {update:4d}: cost {float(value):.3f}")
    plt.imshow(jax.nn.sigmoid(logits).T, aspect="auto", cmap="viridis", vmin=0.0, vmax=1.0)
    plt.yticks(range(6), ARM.muscle_names)
    plt.xlabel("step of 10 ms")
    plt.colorbar(label="excitation found")
    plt.tight_layout()
    plt.show()
    return float(value)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--updates", type=int, default=200)
    main(parser.parse_args().updates)
