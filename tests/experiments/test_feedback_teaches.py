"""The cursor without a body: its derivatives, its delay, and what the rule is scaled by."""

import numpy as np
import pytest

from armfa.controllers import RNN
from armfa.controllers.circuits.recurrent import Cell
from armfa.controllers.problem import mean_value
from armfa.controllers.rules.time import BackpropThroughTime, FeedbackDrivenPlasticity
from armfa.experiments.motor.feedback_teaches import ArmProblem, CursorProblem, RecurrentOnly, performed, rate_of

PROBLEM = CursorProblem(steps=150, delay=2)


def made(steps=20):
    rng = np.random.default_rng(0)
    episode = PROBLEM.batch(rng, 4)
    cut = {name: getattr(episode, name)[:, 60 : 60 + steps] for name in ("stimulus", "velocity", "push")}
    episode = episode._replace(angle=episode.angle + 0.4, **cut)
    circuit = RNN(PROBLEM.n_in, 6, PROBLEM.n_out, readout="linear")
    return circuit, circuit.init(rng, np.float64), episode


def test_the_way_back_through_a_cursor_is_the_central_difference():
    circuit, params, episode = made()
    found = BackpropThroughTime().gradients(circuit, params, episode, (), None)[0]
    way = np.random.default_rng(1).normal(size=params.cell.recurrent.shape)

    def cost(size):
        cell = params.cell._replace(recurrent=params.cell.recurrent + size * way)
        return mean_value(circuit, params._replace(cell=cell), episode)

    assert (found.cell.recurrent * way).sum() == pytest.approx((cost(1e-5) - cost(-1e-5)) / 2e-5, rel=1e-6)


def test_a_cursor_told_its_miss_hears_it_as_late_as_asked():
    _, _, episode = made()
    x, misses = episode.start(), [np.zeros((4, 2))]
    for step in range(8):
        told = episode.observe(x)[..., 3:]
        np.testing.assert_array_equal(told, misses[step - 2] if step >= 2 else 0 * told)
        x, _ = episode.step(x, np.full((4, 2), 0.3))
        misses.append(PROBLEM.miss(x))


def test_outputs_that_are_the_targets_velocity_leave_no_miss_and_turned_ones_set_out_turned():
    episode = PROBLEM.around(None, 8, 0.0)

    class Told(RNN):
        """Says what the target does."""

        def step(self, params, memory, inputs, noise=None):
            _, trace = super().step(params, memory, inputs, noise)
            output = episode.velocity[..., int(memory[0, 0]), :]
            return memory + 1.0, trace._replace(output=output)

    circuit = Told(PROBLEM.n_in, 3, 2, readout="linear")
    params = circuit.init(np.random.default_rng(0), np.float64)
    for angle in (0.0, 30.0):
        miss, turned = performed(PROBLEM, circuit, params, PROBLEM.around(None, 8, angle))
        assert turned == pytest.approx(angle)
        assert (miss < 1e-12) == (angle == 0.0)


def test_the_rate_makes_the_published_sum():
    circuit, params, episode = made()
    circuit = RNN(PROBLEM.n_in, 6, PROBLEM.n_out, readout="linear", nonlinearity="relu")
    one = episode._replace(**{name: getattr(episode, name)[:1] for name in ("stimulus", "velocity", "push", "angle")})
    rule = RecurrentOnly(FeedbackDrivenPlasticity(feedback=PROBLEM.feedback, after=2))
    found = rule.gradients(circuit, params, one, (), None)[0].cell
    x, memory, summed, change = one.start(), circuit.rest(params, 1), 0.0, 0.0
    for step in range(one.steps):  # dW = 0.1 a lr f R^T
        inputs = one.observe(x)
        summed = summed + circuit.rates(memory)[0]
        if step >= 2:
            change = change + np.outer(params.cell.weight[:, 3:] @ inputs[0, 3:], summed)
        memory, trace = circuit.step(params, memory, inputs)
        x, _ = one.step(x, trace.output)
    expected = 0.8 * 0.1 * circuit.share * 1e-5 * change
    np.testing.assert_allclose(-rate_of(1e-5, circuit, one.steps) * found.recurrent, expected, rtol=1e-9)
    assert found == Cell(found.recurrent, None, None)


def test_an_arm_is_told_its_goals_and_what_is_left_to_them():
    problem = ArmProblem(steps=80, delay=3)
    episode = problem.around(None, 8, 0.0)
    x, goals = episode.start(), problem.goals()
    start = x.sight[..., 0, :2]
    for step in range(80):
        x, _ = episode.step(x, np.zeros((8, 6)))
        np.testing.assert_allclose(problem.miss(x), start + goals[step] - x.sight[..., 0, :2], atol=1e-12)
