"""Forward weights turn towards the feedback
=========================================

Feedback alignment sends the error back through fixed random weights. While the network learns, its forward weights
turn so that what arrives points more and more where backprop would point. [Lillicrap, Cownden, Tweed & Akerman 2016]
"""

import matplotlib.pyplot as plt

from armfa.controllers import MLP, SGD, FeedbackAlignment, train
from armfa.problems.hand_velocity import HandVelocityProblem

problem = HandVelocityProblem()
network = MLP((6, 500, 6), "tanh", weight_scale=(0.05, 0.02))
optimizer = SGD((8.0, 0.02), schedule="linear", updates=8000)
result = train(
    problem, network, FeedbackAlignment(), optimizer, seeds=3, updates=8000, batch_size=32, evaluate_every=200
)

# %%
# One line for each network. An angle of 90 degrees is what random directions have.
figure, (left, right) = plt.subplots(1, 2, figsize=(8.5, 3.2), layout="constrained")
left.semilogy(result.curve["samples"], result.curve["nse"])
left.set(xlabel="samples", ylabel="test NSE")
right.plot(result.curve["samples"], result.curve["angle"][..., 0])
right.axhline(90.0, color="#bbbbbb", linestyle=":")
right.set(xlabel="samples", ylabel="angle to backprop's signal, degrees", ylim=(0.0, 100.0))
plt.show()
