"""Moment arms of the published arms
=================================

The pull of a muscle turns a joint by its moment arm. The arms that come with the package have very different ones:
cosines, constants and straight lines.
"""

import matplotlib.pyplot as plt
import numpy as np

from armfa.plant import make_arm, moment_arm

names = ("li_todorov", "lillicrap_scott", "motornet_arm26")

# %%
# Joint by joint, the other one at its place in the centre posture:
figure, axes = plt.subplots(2, 3, figsize=(9.0, 5.0), sharex=True, sharey=True, layout="constrained")
for column, name in zip(axes.T, names):
    arm = make_arm(name)
    for joint, axis in enumerate(column):
        angle = np.tile(arm.center_posture, (100, 1))
        angle[:, joint] = np.linspace(arm.limits.lower[joint], arm.limits.upper[joint], 100)
        curves = 100.0 * moment_arm(arm, angle)[:, joint]  # (100, 6) cm
        for curve, muscle in zip(curves.T, arm.muscle_names):
            if np.abs(curve).max() > 0.0:
                axis.plot(np.degrees(angle[:, joint]), curve, label=muscle)
        axis.axhline(0.0, color="#cccccc", linewidth=0.8)
        axis.legend(fontsize=6, frameon=False)
    column[0].set_title(name)
    column[1].set_xlabel("joint angle, degrees")
axes[0, 0].set_ylabel("shoulder, cm")
axes[1, 0].set_ylabel("elbow, cm")
plt.show()
