"""Ellipses of the hand
====================

A hand at rest that is pushed does not speed up alike in all directions: its mobility is an ellipse, W = J M^-1 J^T.
Along its long axis the arm feels light, across it heavy. [Hogan 1985, Biol Cybern 52:315]
"""

import matplotlib.pyplot as plt
import numpy as np

from armfa.plant import elbow_position, hand_position, inertia, inverse_kinematics, jacobian, make_arm

arm = make_arm("li_todorov")
places = np.stack(np.meshgrid([-0.2, 0.0, 0.2], [0.30, 0.42, 0.52]), axis=-1).reshape(-1, 2)  # (9, 2) m
posture = inverse_kinematics(arm, places)  # (9, 2) rad

# %%
# A force f on the hand is a torque J^T f at the joints, and gives them the acceleration M^-1 J^T f.
j = jacobian(arm, posture)  # (9, 2, 2)
mobility = j @ np.linalg.solve(inertia(arm, posture), np.swapaxes(j, -1, -2))  # (9, 2, 2) 1/kg

# %%
# Pushed with one newton in every direction:
turn = np.linspace(0.0, 2.0 * np.pi, 100)
ways = np.stack([np.cos(turn), np.sin(turn)])  # (2, 100)
rim = places[:, :, None] + 0.04 * mobility @ ways  # drawn at 4 cm per m/s^2

figure, axis = plt.subplots(figsize=(6.0, 5.0), layout="constrained")
for outline, q in zip(rim, posture):
    limb = np.stack([np.zeros(2), elbow_position(arm, q), hand_position(arm, q)], axis=-1)
    axis.plot(*limb, color="#cccccc", linewidth=1)
    axis.plot(*outline, color="#0072b2")
axis.set(xlabel="x, m", ylabel="y, m", aspect="equal", title="mobility of the human arm's hand")
plt.show()

# %%
# The directions in which it is lightest and heaviest differ by so much:
values = np.linalg.eigvalsh(mobility)  # (9, 2)
print("lightest over heaviest:", (values[:, 1] / values[:, 0]).round(1))
