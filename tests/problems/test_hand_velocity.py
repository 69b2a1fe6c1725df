"""The arm's problem against central differences, closed forms and the limits in which its options coincide."""

import numpy as np
import pytest

from armfa.controllers import MLP, SGD, Backprop, Batch, FeedbackAlignment, Streams, init_state, train_step
from armfa.controllers.metrics import matrix_angle
from armfa.plant import best_excitation, hand_velocity, make_arm
from armfa.plant.description import arm_from
from armfa.problems.hand_velocity import HandVelocityProblem, babbled_matrix, excitation

ARMS = ("li_todorov", "lillicrap_scott")
SMALL = MLP((6, 8, 6), "tanh", weight_scale=0.5)


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("motor_noise", [0.0, 0.2])
@pytest.mark.parametrize("activation", ["static", "first_order"])
@pytest.mark.parametrize("name", ARMS)
def test_the_error_is_the_gradient_of_the_value(name, activation, motor_noise):
    problem = HandVelocityProblem(make_arm(name, activation=activation), motor_noise=motor_noise)
    loss = problem.loss(rng(), 50, np.float64)
    output = rng(1).uniform(-0.9, 0.9, (50, 6))
    direction = rng(2).standard_normal((50, 6))
    h = 1e-6
    numeric = (loss.value(output + h * direction) - loss.value(output - h * direction)) / (2 * h)
    assert np.allclose((loss.error(output) * direction).sum(-1), numeric, rtol=1e-6, atol=1e-9)


def test_backprop_through_network_and_plant_is_the_gradient_of_the_loss():
    batch = HandVelocityProblem().batch(rng(), 20)
    batch = batch._replace(inputs=batch.inputs.astype(np.float64))
    loss = HandVelocityProblem().loss(rng(), 20, np.float64)
    params = SMALL.init(rng(3), np.float64)
    gradients, _ = Backprop().gradients(SMALL, params, Batch(batch.inputs, loss), (), None)
    h = 1e-6
    for layer in (0, 1):
        for place in ((0, 0), (3, 5)):
            moved = []
            for sign in (1, -1):
                weight = params[layer].weight.copy()
                weight[place] += sign * h
                changed = tuple(each._replace(weight=weight) if n == layer else each for n, each in enumerate(params))
                moved.append(loss.value(SMALL.forward(changed, batch.inputs).output).mean())
            assert gradients[layer].weight[place] == pytest.approx((moved[0] - moved[1]) / (2 * h), rel=1e-5, abs=1e-10)


@pytest.mark.parametrize("name", ARMS)
def test_every_desired_velocity_can_be_reached(name):
    loss = HandVelocityProblem(make_arm(name)).loss(rng(), 100, np.float64)
    best = best_excitation(loss.world.simulator, loss.state, loss.desired)
    assert np.square(loss.task_error(2 * best - 1)).sum(-1).max() < 1e-12


def test_motor_noise_is_a_share_of_the_command_and_new_for_every_sample():
    problem = HandVelocityProblem(motor_noise=0.1)
    loss = problem.loss(rng(), 4)
    moment, command = loss.moment, np.full((4, 6), 0.5)
    after, _ = problem.world.step(moment, command, loss.noise)
    told, _ = HandVelocityProblem().world.step(moment, command * (1.0 + 0.1 * loss.noise))
    np.testing.assert_allclose(after.arm.joint_velocity, told.arm.joint_velocity, rtol=1e-6)
    assert len(np.unique(loss.noise)) == 24


@pytest.mark.parametrize("name", ARMS)
def test_the_scale_is_what_a_random_command_does(name):
    problem = HandVelocityProblem(make_arm(name))
    loss = problem.loss(rng(5), 5000, np.float64)
    now = hand_velocity(loss.world.arm, loss.state.joint_angle, loss.state.joint_velocity)
    measured = np.sqrt(np.mean(np.sum((loss.desired - now) ** 2, -1)))
    assert problem.scale == pytest.approx(measured, rel=0.05)


def test_inputs_are_of_the_order_of_one_and_float32():
    batch = HandVelocityProblem().batch(rng(), 4000)
    assert batch.inputs.dtype == np.float32
    assert np.all(np.abs(batch.inputs).max(0) > 0.5)
    assert np.all(np.abs(batch.inputs[:, :4]).max(0) < 2.02)
    assert batch.loss.error(np.zeros((4000, 6), np.float32)).dtype == np.float32


def test_a_mean_jacobian_in_its_place_equals_it_where_the_plant_is_affine_and_the_state_is_one():
    exact = HandVelocityProblem(make_arm("lillicrap_scott"))
    mean = HandVelocityProblem(make_arm("lillicrap_scott"), plant_feedback="mean")
    one, other = (p.loss(rng(), 4000, np.float64) for p in (exact, mean))
    output = np.zeros((4000, 6))
    a, b = one.error(output), other.error(output)
    cosine = (a * b).sum(-1) / np.sqrt((a * a).sum(-1) * (b * b).sum(-1))
    assert cosine.mean() > 0.8  # one matrix for all states points the right way
    assert np.all(np.shape(mean.stand_in) == (2, 6))


def test_babbling_finds_the_matrix_of_a_linear_plant():
    matrix = rng().standard_normal((2, 6))
    state, command, before, _ = HandVelocityProblem().calibration
    after = before + command @ matrix.T + 0.3 * state.joint_angle - 0.1
    assert np.allclose(babbled_matrix(state, command, before, after), matrix)


def test_the_learned_matrix_is_near_the_mean_jacobian_and_a_random_one_is_not():
    mean = HandVelocityProblem().mean_jacobian

    def angle(kind):
        matrix = np.array(HandVelocityProblem(plant_feedback=kind).stand_in)
        return matrix_angle(matrix, mean)

    assert angle("mean") < 1e-4
    assert angle("learned") < 20
    assert angle("random") > 45


def test_a_stack_of_streams_draws_what_each_stream_draws():
    problem = HandVelocityProblem()
    stacked = problem.batch(Streams([rng(1), rng(2)]), 7)
    single = problem.batch(rng(2), 7)
    assert np.array_equal(stacked.inputs[1], single.inputs)
    assert np.array_equal(stacked.loss.desired[1], single.loss.desired)


def test_feedback_from_hand_space_needs_no_plant_for_the_hidden_layer():
    rule = FeedbackAlignment(carry="task", task_size=2)
    network, optimizer = MLP((6, 20, 6), "tanh"), SGD(0.1)
    state = init_state(network, rule, optimizer, rng(), rng())
    batch = HandVelocityProblem().batch(rng(), 16)
    trace = network.forward(state.params, batch.inputs)
    signal = rule.signals(network, state.params, trace, batch.loss, state.rule)[0][0]
    assert np.allclose(signal, batch.loss.task_error(trace.output) @ state.rule.matrices[0].T)
    assert train_step(network, rule, optimizer, state, batch).params[0].weight.shape == (20, 6)


def test_a_saved_policy_gives_the_excitation_that_the_controller_gives(tmp_path):
    from armfa.controllers import load_policy

    problem = HandVelocityProblem()
    params = SMALL.init(rng())
    problem.policy(SMALL, params, activation="static").save(tmp_path / "policy.npz")
    policy = load_policy(tmp_path / "policy.npz")
    loss = problem.loss(rng(), 9)
    asked = policy(problem.task.observe(problem.world.arm, loss.state, loss.desired))
    assert np.allclose(asked, problem.controller(SMALL, params)(loss.state, loss.desired), atol=1e-6)
    assert arm_from(policy.about["arm"]) == problem.arm


def test_outputs_span_the_range_of_the_excitation():
    arm = make_arm()
    assert np.array_equal(excitation(arm, np.array([-1.0, 0.0, 1.0])), [0.0, 0.5, 1.0])
    problem = HandVelocityProblem(arm)
    full = problem.world.simulator.step(problem.loss(rng(), 1).state, excitation(arm, np.ones((1, 6), np.float32)))
    assert np.array_equal(full.activation, np.ones((1, 6), np.float32))


def test_an_unknown_plant_feedback_is_refused():
    with pytest.raises(ValueError, match="expected plant_feedback out of jacobian, mean, learned, random"):
        HandVelocityProblem(plant_feedback="guessed")


def test_muscles_with_a_state_are_seen_and_every_desired_velocity_can_be_reached():
    arm = make_arm(activation="first_order")
    problem = HandVelocityProblem(arm)
    batch, loss = problem.batch(rng(), 400), problem.loss(rng(), 400, np.float64)
    assert batch.inputs.shape == (400, problem.n_inputs) == (400, 12)
    assert np.abs(batch.inputs[:, 4:10]).max() <= 1.0 and np.all(batch.inputs[:, 4:10].std(0) > 0.5)
    best = best_excitation(loss.world.simulator, loss.state, loss.desired)
    assert np.square(loss.task_error(2 * best - 1)).sum(-1).max() < 1e-12


def test_the_scale_of_muscles_with_a_state_is_what_a_command_does_beside_holding_them():
    arm = make_arm(activation="first_order")
    problem = HandVelocityProblem(arm)
    loss = problem.loss(rng(5), 5000, np.float64)
    held = problem.world.simulator.step(loss.state, loss.state.activation)
    change = loss.desired - hand_velocity(arm, held.joint_angle, held.joint_velocity)
    assert problem.scale == pytest.approx(np.sqrt(np.mean(np.sum(change**2, -1))), rel=0.05)


def test_a_policy_commands_what_the_controller_commands():
    problem = HandVelocityProblem(make_arm(activation="first_order"))
    network = MLP((12, 8, 6), "tanh", weight_scale=0.5)
    params, loss = network.init(rng(3)), problem.loss(rng(), 20)
    commands = problem.controller(network, params)(loss.state, loss.desired)
    observation = problem.task.observe(problem.world.arm, loss.state, loss.desired)
    np.testing.assert_allclose(problem.policy(network, params)(observation), commands, atol=1e-6)


@pytest.mark.parametrize("size", [0, -3, 2.5, True, "many"], ids=repr)
def test_a_test_set_of_no_examples_is_refused(size):
    with pytest.raises((ValueError, TypeError), match="expected test_size"):
        HandVelocityProblem(test_size=size)
