"""A page in which a recorded movement can be played: one file, which asks for nothing from elsewhere."""

import base64
import json
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from armfa.controllers.circuits import Circuit, Trace
from armfa.files import write_text
from armfa.rendering.anatomy import muscle_color, pulls
from armfa.rendering.frames import WEB, backdrop_frame, scene_frame


class Ear:
    """A network that remembers what its hidden units did last."""

    def __init__(self, network: Circuit):
        self.network, self.n_in, self.n_out, self.rest = network, network.n_in, network.n_out, network.rest
        self.rates = np.zeros(0)

    def step(self, params: Any, memory: Any, inputs: Any) -> tuple[Any, Any]:
        """The network's own step."""
        memory, trace = self.network.step(params, memory, inputs)
        hidden = trace.inputs[1:] if isinstance(trace, Trace) else (trace.presynaptic.rates,)
        self.rates = np.concatenate([rates[0] for rates in hidden])
        return memory, trace


def replayed(
    follower: Any, caption: str, targets: Iterator[Any], frames: int, frames_per_second: int
) -> dict[str, Any]:
    """What the page shows: so many frames of a follower or performer, and what hand, muscles and hidden units did.

    Hidden units stand in the order of their preferred directions: the direction of the hand's movement in which each is
    most active, by a regression of its rate on the hand's velocity and place [Georgopoulos et al. 1982, J Neurosci
    2:1527, had the direction alone].
    """
    ear = Ear(follower.policy.network)
    follower.policy = follower.policy._replace(network=ear)
    scenes, hands, activations, rates, target, steps = [], [], [], [], None, 0
    for number in range(frames):
        while steps < max(1, round((number + 1) / (frames_per_second * follower.dt))):
            target, steps = next(targets), steps + 1
            follower.step(target)
        scenes.append(follower.scene(target, caption))
        hands.append(follower.trail[-1])
        activations.append(follower.moment.arm.activation[0])
        rates.append(ear.rates)
    arm, hand = follower.world.arm, np.array(hands)
    angle = preferred_directions(np.array(rates), hand)
    order = np.argsort(angle)
    colors = [muscle_color(1.0, pull.turn) for pull in pulls(arm, np.asarray(arm.center_posture))]
    return {
        "caption": caption,
        "frames_per_second": frames_per_second,
        "backdrop": backdrop_frame(scenes[0].backdrop),
        "frames": [scene_frame(scene) for scene in scenes],
        "hand": np.rint(1e4 * hand).astype(int).tolist(),  # in 0.1 mm
        "muscles": [
            {"name": name, "color": "#{:02x}{:02x}{:02x}".format(*color), "percent": percent}
            for name, color, percent in zip(
                arm.muscle_names, colors, np.rint(100.0 * np.array(activations).T).astype(int).tolist(), strict=True
            )
        ],
        "hidden": {"angle": np.rint(np.degrees(angle[order])).astype(int).tolist(), "rates": shades(rates, order)},
    }  # fmt: skip


def preferred_directions(rates: np.ndarray, hand: np.ndarray) -> np.ndarray:
    """The direction (units,), rad, of the hand's velocity with which each rate (time, units) grows most.

    hand : (time, 2), at equal times.
    """
    velocity = np.gradient(hand, axis=0) if len(hand) > 1 else 0.0 * hand
    known = np.concatenate([velocity, hand, np.ones((len(hand), 1))], axis=1)
    slope = np.linalg.lstsq(known, rates, rcond=None)[0][:2]
    return np.arctan2(slope[1], slope[0])


def shades(rates: Any, order: np.ndarray) -> str:
    """Rates (time, units), each unit between its least and its greatest as 0 to 255, unit after unit, in base64."""
    sorted_rates = np.asarray(rates, float).T[order]
    low, high = sorted_rates.min(1, keepdims=True), sorted_rates.max(1, keepdims=True)
    shade = np.rint(255.0 * (sorted_rates - low) / np.maximum(high - low, 1e-12)).astype(np.uint8)
    return base64.b64encode(shade.tobytes()).decode()


def write_page(path: Path, recording: dict[str, Any]) -> None:
    """Write the page, all or nothing."""
    data = json.dumps(recording, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    parts = {"title": escape(f"armfa: {recording['caption']}"), "recording": data}
    parts |= {"drawer": (WEB / "drawer.js").read_text("utf-8"), "player": (WEB / "replay.js").read_text("utf-8")}
    page = (WEB / "replay.html").read_text("utf-8")
    for name, text in parts.items():
        page = page.replace(f"{{{{{name}}}}}", text)
    write_text(path, page)
