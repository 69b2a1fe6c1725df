"""A controller adapts to a force field
====================================

A recurrent network that comes with the package reaches to eight targets. A curl field sets in, pushes the hand aside,
and the network goes on learning, trial by trial. Then the field ends, and the hand errs to the other side.
[Shadmehr & Mussa-Ivaldi 1994, J Neurosci 14:3208]
"""

import matplotlib.pyplot as plt
import numpy as np

import armfa
from armfa.controllers import Adam, make_rule, stack
from armfa.controllers.streams import streams
from armfa.experiments.motor.trials import Course, practised
from armfa.problems import problem_of
from armfa.runs import NoCheckpoint
from armfa.world import Fields, Schedule

policy = armfa.load_controller("li_todorov/center-out")

# %%
# Baseline, field, wash-out. In one trial of eight, walls keep the hand on the straight line: their force tells how much
# of the field the controller expects.
schedule = Schedule.adaptation(baseline=20, field=100, washout=40)
fields = Fields(field="curl", field_strength=13.0, channel=True)  # N s/m
course = Course(problem_of(policy.about, fields=fields, conditions=(1.0,)), (schedule,))

# %%
# Each trial is eight movements, one for each target, and then one change of the weights.
rule, optimizer = make_rule("backprop-through-time"), Adam(1e-3)
curves, _ = practised(
    course, policy.network, rule, optimizer, stack([policy.params]), streams([0]), NoCheckpoint(), alone=False
)

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(8.5, 3.2), layout="constrained")
trial, channel = np.arange(schedule.trials), schedule.channels
left.plot(trial, curves["deviation_cm"][0], ".", color="#000000")
left.set(xlabel="trial", ylabel="largest deviation, cm", title="movements")
right.plot(trial[channel], curves["adaptation_index"][0, channel], "o-", color="#0072b2")
right.axhline(1.0, color="#bbbbbb", linestyle=":")
right.set(xlabel="trial", ylabel="adaptation index (1: all is cancelled)", title="channel trials")
for axis in (left, right):
    axis.axvspan(20, 120, color="#eeeeee", zorder=0)
    axis.axhline(0.0, color="#bbbbbb", linewidth=0.8)
plt.show()
