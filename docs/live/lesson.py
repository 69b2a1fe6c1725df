"""The arm that learns in a page: armfa's own training loop and the arm that follows, a slice of time after the other.

What runs in the page is this file and the package, unchanged. It needs nothing but NumPy. `worker.js` calls it.
"""

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np

from armfa.commands.following import Follower, Laboratory
from armfa.controllers import (
    MLP,
    SGD,
    Backprop,
    Batch,
    Divergence,
    FeedbackAlignment,
    LearningRule,
    Shallow,
    init_state,
    one_by_one,
    take,
)  # fmt: skip
from armfa.controllers.rules.feedback import Feedback, FeedbackRule
from armfa.controllers.rules.symmetry import UniformSignSymmetry
from armfa.controllers.streams import streams
from armfa.controllers.training.loop import Loop
from armfa.controllers.training.measures import MEASURES
from armfa.controllers.training.train import CHUNK_SAMPLES, in_precision, measured
from armfa.controllers.trees import stack
from armfa.problems.hand_velocity import HandVelocityProblem
from armfa.rendering.frames import backdrop_frame, scene_frame
from armfa.world import Fields, World

BATCH = 32
TEST = 500
"""Held-out examples behind each point of the curves."""
POINT = 0.4
"""s between two points of the curves."""
SLOWEST = 8
"""Time steps of the arm in one slice, at most: what takes longer is shown slower than it is."""


@dataclass(frozen=True)
class FlippedSigns(UniformSignSymmetry):
    """B = -c sign(W)^T: feedback that always says the opposite. The control that must fail."""

    def feedback(self, params: Any, state: Any) -> tuple[Any, ...]:
        """What sign symmetry sends, with the other sign."""
        return tuple(-matrix for matrix in super().feedback(params, state))


RULES: dict[str, tuple[Callable[[float], LearningRule], tuple[float, float]]] = {
    "backprop": (lambda scale: Backprop(), (100.0, 0.015)),
    "feedback-alignment": (lambda scale: FeedbackAlignment(scale=scale), (6.0, 0.014)),
    "shallow": (lambda scale: Shallow(), (0.0, 0.05)),
    "sign-symmetry": (lambda scale: UniformSignSymmetry(scale=scale), (4.0, 0.015)),
    "flipped-signs": (lambda scale: FlippedSigns(scale=scale), (4.0, 0.015)),
}
"""Each rule, made from the scale of its feedback, and its rates (hidden, output): those of `armfa train`, and for sign
symmetry those of backprop, whose weights are smaller."""


@dataclass(frozen=True)
class Choices:
    """What the page's buttons and sliders say."""

    rule: str = "feedback-alignment"
    hidden: int = 120
    seed: int = 0
    scale: float = 0.5
    """Of B."""
    hidden_rate: float = 1.0
    """Times the rule's own."""
    output_rate: float = 1.0
    """Times the rule's own."""
    noise: float = 0.0
    """Standard deviation of the commands, as a share of them."""
    field: float = 0.0
    """N s/m, of a curl field."""
    delay: float = 0.0
    """s by which hand and target are seen late."""


@dataclass(frozen=True)
class InTheField(HandVelocityProblem):
    """The hand's velocity one step ahead, learned in a curl field."""

    strength: float = 0.0
    """N s/m"""

    @cached_property
    def world(self) -> World:
        """The arm in its task and the field."""
        return replace(super().world, fields=laboratory(Choices(field=self.strength)).fields(Fields()))


def laboratory(choices: Choices) -> Laboratory:
    """What is done to the arm that follows."""
    field = {"field": "curl", "field_strength": choices.field} if choices.field else {}
    return Laboratory(**field, motor_noise=choices.noise, visual_delay=choices.delay)


class Lesson:
    """A network that learns, and an arm that it moves meanwhile."""

    def __init__(self, choices: Choices):
        self.choices = choices
        self.problem = problem_for(choices)
        self.test = self.tested()
        self.network = MLP(
            (6, choices.hidden, 6), "tanh", weight_scale=(0.05, 0.02 * (500 / choices.hidden) ** 0.5),
            bias_scale=(0.05, 0.0),
        )  # fmt: skip
        random = streams([choices.seed])
        state = init_state(self.network, self.rule, self.optimizer, random.weights, random.rule)
        block = CHUNK_SAMPLES // BATCH
        self.loop = Loop(
            self.updates(), state, random, batch_size=BATCH, draw=self.draw,
            block_of=lambda update: range(update - update % block, update - update % block + block),
        )  # fmt: skip
        self.follower = Follower(self.problem.policy(self.network, self.params), laboratory=laboratory(choices))
        self.target, self.told, self.clock, self.point_at, self.learning = self.follower.center, "", None, 0.0, True

    @property
    def rule(self) -> LearningRule:
        """By what it learns."""
        return RULES[self.choices.rule][0](self.choices.scale)

    @property
    def optimizer(self) -> SGD:
        """How far each update goes."""
        hidden, output = RULES[self.choices.rule][1]
        return SGD((hidden * self.choices.hidden_rate, output * self.choices.output_rate))

    @property
    def params(self) -> Any:
        """The network's weights."""
        return take(self.loop.state.params, 0)

    def updates(self) -> Any:
        """What makes a block of updates; another one with other choices."""
        return one_by_one(self.network, self.rule, self.optimizer)

    def draw(self, size: int) -> Batch:
        """So many fresh examples."""
        return stack([in_precision(self.problem.batch(self.loop.random.data.generators[0], size), np.float32)])

    def tested(self) -> Batch:
        """The held-out examples."""
        return in_precision(self.problem.test(), np.float32)

    def change(self, choices: Choices) -> None:
        """Go on with other choices; another rule, network or seed needs a new lesson."""
        before, self.choices = self.choices, choices
        if choices.scale != before.scale and self.loop.state.rule:
            grown = tuple(b * np.float32(choices.scale / before.scale) for b in self.loop.state.rule.matrices)
            self.loop.state = self.loop.state._replace(rule=Feedback(grown))
        if (choices.noise, choices.field) != (before.noise, before.field):
            self.problem, self.loop.examples = problem_for(choices), None
            self.test = self.tested()
        if (changed := laboratory(choices)) != laboratory(before):
            self.follower.change(changed)
        self.loop.updates = self.updates()

    def flip(self, unit: int, output: int) -> None:
        """Turn the sign of one synapse of B."""
        if self.choices.rule != "feedback-alignment":
            return
        b = self.loop.state.rule.matrices[0].copy()
        b[0, unit, output] *= -1.0
        self.loop.state = self.loop.state._replace(rule=Feedback((b,)))

    def flip_share(self, share: float) -> None:
        """Turn the signs of this share of B, drawn at random."""
        if self.choices.rule != "feedback-alignment":
            return
        b = self.loop.state.rule.matrices[0]
        signs = np.where(np.random.default_rng().uniform(size=b.shape) < share, -1.0, 1.0).astype(b.dtype)
        self.loop.state = self.loop.state._replace(rule=Feedback((b * signs,)))

    def learn(self, updates: int) -> None:
        """So many updates more; what leaves the range of numbers stops with its last finite weights."""
        try:
            self.loop.run(np.array([self.loop.update + updates]), dict)
        except Divergence:
            self.told, self.learning = (
                "The weights have left the range of numbers. Lower the rates and start anew.",
                False,
            )

    def point(self) -> dict[str, Any]:
        """Where the learner is: updates, error, and the angle (degrees) between its teaching signals and backprop's."""
        now = measured(self.loop, self.network, self.rule, [self.test], MEASURES, {"angle": Backprop()}, 200)
        return {"updates": self.loop.update, "nse": float(now["nse"][0]), "angle": finite(now["angle"][0, 0])}

    def feedback(self) -> list[list[int]]:
        """B (hidden units, outputs), in whole hundredths of its largest weight; none where nothing is sent back."""
        rule = self.rule
        if not isinstance(rule, FeedbackRule):
            return []
        b = rule.feedback(self.loop.state.params, self.loop.state.rule)[0][0]
        return np.rint(100.0 * b / max(float(np.abs(b).max()), 1e-12)).astype(int).tolist()

    def slice(self, now: float, share: float) -> dict[str, Any]:
        """What happens until `now` + `share` (s): the arm moves as far as time has gone on, then the network learns."""
        began, dt = time.perf_counter(), self.follower.dt
        since = dt if self.clock is None else now - self.clock
        steps = min(SLOWEST, int(since / dt))
        self.clock = now if steps == SLOWEST or self.clock is None else self.clock + steps * dt
        self.follower.policy = self.follower.policy._replace(params=self.params)
        for _ in range(steps):
            self.follower.step(self.target)
        frame: dict[str, Any] = {"scene": scene_frame(self.follower.scene(self.target, ""))}
        if now >= self.point_at and not self.told:
            frame |= {"point": self.point(), "feedback": self.feedback()}
            self.point_at = now + POINT
        while self.learning:
            self.learn(1)
            if time.perf_counter() - began > share:
                break
        return frame | {"updates": self.loop.update, "hand": self.follower.trail[-1].tolist(), "told": self.told}


def problem_for(choices: Choices) -> InTheField:
    """What is learned."""
    return InTheField(motor_noise=choices.noise, strength=choices.field, test_size=TEST)


def finite(value: float) -> float | None:
    """A number, or None where there is none, as JSON has it."""
    return float(value) if np.isfinite(value) else None


def trained(updates: int, **chosen: Any) -> dict[str, float]:
    """Errors before and after so many updates: what a test compares with the same call outside of the browser."""
    lesson = Lesson(Choices(**chosen))
    before = lesson.point()
    lesson.learn(updates)
    after = lesson.point()
    return {"before": before["nse"], "after": after["nse"], "angle": after["angle"]}


# what the page says and is told, in JSON

lesson: Lesson | None = None


def hear(message: str) -> str:
    """Answers one message of the page: {"do": what, ...}."""
    global lesson
    said = json.loads(message)
    do = said.pop("do")
    if do == "train":
        return json.dumps({"trained": trained(**said)})
    if do == "start":
        lesson = Lesson(Choices(**said))
        still = lesson.follower.scene(lesson.target, "")
        started = {"backdrop": backdrop_frame(still.backdrop), "choices": asdict(lesson.choices)}
        return json.dumps({"started": started, "scene": scene_frame(still)})
    assert lesson is not None
    if do == "target":
        lesson.target = lesson.follower.workspace(np.array(said["place"]))
    elif do == "change":
        known = {field.name for field in fields(Choices)}
        lesson.change(replace(lesson.choices, **{name: said[name] for name in known & set(said)}))
    elif do == "flip":
        lesson.flip(said["unit"], said["output"])
    elif do == "flip-share":
        lesson.flip_share(said["share"])
    elif do == "learn":
        lesson.learning = said["on"]
    elif do == "slice":
        return json.dumps(lesson.slice(said["now"], said["share"]), separators=(",", ":"))
    return "{}"
