"""How exact the integrators are under random smooth commands: the table in docs/plant.md.

Run `python -m armfa.plant.accuracy` to print it.
"""

import functools

import numpy as np

from armfa.plant.arm import ArmState, rest_state
from armfa.plant.description import make_arm
from armfa.plant.integrators import INTEGRATORS
from armfa.plant.kinematics import hand_position
from armfa.plant.simulator import Simulator

DURATION = 0.5  # s
HELD = 0.02  # s, the command is a piecewise constant one, so that every time step sees the same
FINEST = 0.00025  # s, RK4


def integrator_errors(name: str, integrator: str, dt: float, *, trials: int = 12, seed: int = 0) -> tuple[float, float]:
    """Error of the hand's position after half a second, mm: the median and the worst of the trials.

    Every muscle gets a sum of three slow sines (below 2 Hz) within [0, .4] of its excitation range, held for 20 ms at a
    time; the truth is RK4 at .25 ms under the same command. Static muscles, from rest at the centre posture.
    """
    arm = make_arm(name)
    truth = _hand_at_the_end(arm, "rk4", FINEST, trials, seed)
    error = 1000 * np.sqrt(np.square(_hand_at_the_end(arm, integrator, dt, trials, seed) - truth).sum(-1))
    return float(np.median(error)), float(error.max())


@functools.lru_cache(maxsize=8)
def _hand_at_the_end(arm, integrator: str, dt: float, trials: int, seed: int):
    rng = np.random.default_rng(seed)
    waves = (3, trials, arm.n_muscles)
    frequency, phase = rng.uniform(0.2, 2.0, waves), rng.uniform(0.0, 6.28, waves)
    state: ArmState = rest_state(arm, np.tile(np.array(arm.center_posture), (trials, 1)))
    low, high = arm.excitation_range
    per_hold, simulator = round(HELD / dt), Simulator(arm, dt, integrator)
    for hold in range(round(DURATION / HELD)):
        wave = np.sin(6.283 * frequency * hold * HELD + phase).sum(0) / 3.0
        u = 0.5 * (low + high) + 0.5 * (high - low) * wave if low < 0 else high * 0.2 * (1.0 + wave)
        for _ in range(per_hold):
            state = simulator.step(state, u)
    return hand_position(arm, state.joint_angle)


def main() -> None:
    """Print the table of docs/plant.md."""
    print("| arm | dt | " + " | ".join(INTEGRATORS) + " |\n| --- | --- |" + " --- |" * len(INTEGRATORS))
    for name in ("li_todorov", "lillicrap_scott", "kalidindi2021", "katayama_kawato"):
        for dt in (0.001, 0.005, 0.01, 0.02):
            cells = ["{:.2g} / {:.2g}".format(*integrator_errors(name, method, dt)) for method in INTEGRATORS]
            print(f"| {name} | {1000 * dt:.0f} ms | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
