"""The best commands for a reach
=============================

Iterative LQR knows arm and trial ahead and finds the excitations of least cost, within the muscles' limits.
[Li & Todorov 2004, ICINCO, 222-229]
"""

import matplotlib.pyplot as plt
import numpy as np

from armfa.plant import Simulator, hand_velocity, make_arm
from armfa.tasks import CenterOut
from armfa.world import World, ilqr, rollout
from armfa.world.reference import first_guess

world = World(Simulator(make_arm("li_todorov")), CenterOut())
moment = world.begin(world.task.evaluation(world.simulator, 8))  # eight trials, one for each target

# %%
# The first guess takes, in each step by itself, the excitation that brings the hand nearest to a wanted velocity.
guess = rollout(world, first_guess(world), moment, 80)
plan = ilqr(world, moment, guess.commands, rounds=20)
print("mean cost before each round:", plan.costs.mean(axis=1).round(2))

# %%
# What came out: straight ways, one bell of speed, and bursts of muscles in turn.
time = world.step_time * np.arange(81)
hand = 100.0 * world.hand(plan.moments)  # (81, 8, 2) cm
speed = np.linalg.norm(hand_velocity(world.arm, *plan.moments.arm[:2]), axis=-1)  # (81, 8) m/s

figure, (left, middle, right) = plt.subplots(1, 3, figsize=(10.0, 3.2), layout="constrained")
left.plot(hand[..., 0], hand[..., 1])
left.set(xlabel="x, cm", ylabel="y, cm", aspect="equal", title="hand")
middle.plot(time, speed)
middle.set(xlabel="time, s", ylabel="speed of the hand, m/s")
picture = right.imshow(plan.commands[:, 0].T, aspect="auto", vmin=0.0, vmax=1.0, extent=(0.0, 0.8, 5.5, -0.5))
right.set(xlabel="time, s", title="excitation, first trial")
right.set_yticks(range(6), world.arm.muscle_names, fontsize=7)
figure.colorbar(picture)
plt.show()
