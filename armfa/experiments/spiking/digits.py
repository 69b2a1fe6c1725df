"""Digits by a network that spikes at random, integrates over time and learns without a pause.

Forward and backward neurons are active in every step, plasticity is always on, and nothing is reset between images.
Both readings of the time constant run side by side. [Lillicrap et al. 2016, Fig. 4]
"""

import json
import time
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from armfa.controllers.machine import keep_memory
from armfa.controllers.metrics import matrix_angle
from armfa.controllers.streams import streams
from armfa.experiments.base import Experiment, Scales
from armfa.experiments.digits.mnist import problem, spread
from armfa.experiments.images import PIXELS
from armfa.experiments.spiking.network import CONVENTIONS, SpikingNetwork, classify, group_targets, learn_in_place, step
from armfa.reports.claim import Choice, Claim
from armfa.reports.figures import COLOURS, band, examples_axis, panels
from armfa.reports.statistics import all_of, every_below, mean_below, paired_less, reported
from armfa.runs.unit import Unit, find, gather, select

STAGES = ("early", "middle", "late")
COLOUR = {"ema": COLOURS["feedback-alignment"], "leak": "#d55e00"}
WORD = {"ema": "fast", "leak": "literal"}
PRINTED = 1.8
"""Test error in percent, as printed."""
TRAINING_IMAGES = 10_000
"""Training images on which the trained network is tested, too."""

DECAY_EVERY = 1000
"""Blocks of images between two strokes of weight decay: a stroke for each would be lost in the rounding of float32."""


@dataclass(frozen=True)
class Settings(Scales):
    """A smaller net than the paper's 784-1500-1500-1500-1000; `paper` has its sizes."""

    seeds: int = 3
    data: str = "mnist"
    hidden: int = 500
    outputs: int = 200
    images: int = 300_000
    images_leak: int = 60_000
    streams: int = 50  # independent sequences of images, their weight changes summed
    steps_per_image: int = 5
    learning_rate: float = 1e-3
    weight_decay: float = 1e-8
    probe_steps: int = 50  # of each of three images in the rasters
    test_images: int = 2000  # of each point of the curve but the last, which takes all
    timed_streams: tuple[int, ...] = (1, 16, 64)

    @classmethod
    def quick(cls):
        """A net of 200 hidden units a layer, at a larger rate."""
        return cls(hidden=200, outputs=100, images=24_000, images_leak=6_000, learning_rate=5e-3)

    @classmethod
    def paper(cls):
        """The paper's sizes, one network, ten passes over the digits: an hour of one core or less."""
        return cls(seeds=1, hidden=1500, outputs=1000, images=600_000, images_leak=6_000)


def reading(convention: str) -> str:
    """How a convention reads the time constant: `V = 0.1 V + 0.9 u (fast)`."""
    keep, gain = SpikingNetwork(convention=convention).keep_and_gain
    return f"V = {keep:g} V + {'' if gain == 1 else f'{gain:g} '}u ({WORD[convention]})"


def units(settings):
    """A network per unit for each reading of the time constant, and one that measures the speed."""
    pace = (settings.hidden / 500) ** 1.6 * 700e-6
    found = [
        Unit(f"{convention}_{seed}", {"convention": convention, "seed": seed}, (images + 20_000) * pace)
        for convention, images in (("ema", settings.images), ("leak", settings.images_leak))
        for seed in range(settings.seeds)
    ]
    return [*found, Unit("speed", {"convention": "speed"}, 10)]


def make(settings, convention) -> SpikingNetwork:
    """The network of these settings."""
    inputs = problem(settings.data).images.shape[1]
    return SpikingNetwork((inputs, *(settings.hidden,) * 3, settings.outputs), convention)


def run(settings, unit, checkpoint):
    """Test error and alignment over images; for the first network rasters and traces at three stages."""
    if unit.arguments["convention"] == "speed":
        return _speed(settings)
    keep_memory()
    convention, seed = unit.arguments["convention"], unit.arguments["seed"]
    task, network, random = problem(settings.data), make(settings, convention), streams([seed])
    weights, data, rule = (kind.generators[0] for kind in (random.weights, random.data, random.rule))
    params, feedback = network.init(weights), network.draw_feedback(rule)
    state = network.rest(settings.streams)
    labels = task.targets.argmax(1)
    total = (settings.images if convention == "ema" else settings.images_leak) // settings.streams
    at = np.unique(np.linspace(0, total, 16).round().astype(int))
    stages = dict(zip((at[0], at[len(at) // 4], at[-1]), STAGES))
    curve: list[dict[str, Any]] = []
    probes: dict[str, np.ndarray] = {}
    done, saved = 0, checkpoint.load()
    if saved is not None:
        done, curve, probes, state = _restore(saved, params, state, data, rule)
    while True:
        if done in at and len(curve) <= np.searchsorted(at, done):
            few = settings.test_images if done < total else None
            curve.append(_measure(settings, network, params, feedback, task, few))
            if seed == 0 and done in stages:
                probes |= _probe(settings, network, params, feedback, task, stages[done])
        if done >= total:
            break
        for _ in range(int(at[at > done].min()) - done):
            chosen = data.integers(0, len(task.images), settings.streams)
            pixels, target = task.images[chosen], group_targets(labels[chosen], settings.outputs)
            for _ in range(settings.steps_per_image):
                state, activity = step(network, params, feedback, state, pixels, target, rule)
                learn_in_place(params, state, activity, settings.learning_rate)
            done += 1
            if done % DECAY_EVERY == 0:
                _decay(settings, params)
        checkpoint.save(partial(_state, done, curve, probes, params, state, data, rule))
        checkpoint.progress(done / total)
    curves = {name: np.stack([entry[name] for entry in curve])[None] for name in curve[0]}
    few = task.images[:TRAINING_IMAGES]
    guess = classify(network, params, few, settings.steps_per_image, np.random.default_rng(2016))
    trained = np.array([100 * np.mean(guess != labels[: len(few)])])
    return {"images": at * settings.streams, **curves, **probes, "train_error": trained}


def _decay(settings, params) -> None:
    lost = settings.learning_rate * settings.weight_decay * settings.streams * settings.steps_per_image * DECAY_EVERY
    for layer in params:
        for array in layer:
            np.multiply(array, np.float32(1.0 - lost), out=array)


def _measure(settings, network, params, feedback, task, few) -> dict[str, np.ndarray]:
    """Test error in percent, and angle of each W to the B^T that returns along its way."""
    guess = classify(network, params, task.test_images[:few], settings.steps_per_image, np.random.default_rng(2016))
    angles = [
        matrix_angle(layer.weight.T, matrix)  # W of the layer above (above, units), B (units, above)
        for layer, matrix in zip(params[1:], feedback)
    ]
    return {"error": np.array(100 * np.mean(guess != task.test_targets[:few].argmax(1))), "angles": np.array(angles)}


def _probe(settings, network, params, feedback, task, stage) -> dict[str, np.ndarray]:
    """Spikes, one neuron's potential and its modulator while three images are shown for long; weights stay."""
    rng = np.random.default_rng(4)
    state = network.rest(1)
    labels = task.test_targets.argmax(1)
    shown = [int(np.flatnonzero(labels == digit)[0]) for digit in (2, 0, 7)]
    spikes: list[list[np.ndarray]] = [[] for _ in params]
    potential, modulator = [], []
    units_shown = np.linspace(0, settings.hidden - 1, min(50, settings.hidden)).astype(int)
    for image in shown:
        target = group_targets(labels[image : image + 1], settings.outputs)
        for _ in range(settings.probe_steps):
            state, activity = step(network, params, feedback, state, task.test_images[image][None], target, rng)
            for layer, fired in enumerate(activity.spikes[1:]):
                spikes[layer].append(fired[0, units_shown] if layer < 3 else fired[0])
            potential.append(state.forward[1][0, units_shown[7]])
            modulator.append(state.backward[1][0, units_shown[7]])
    found = {f"{stage}_spikes_{layer}": np.array(rows, bool).T for layer, rows in enumerate(spikes)}
    found |= {f"{stage}_potential": np.array(potential), f"{stage}_modulator": np.array(modulator)}
    return found | {"shown": (task.test_images[shown] * 255).astype(np.uint8)}


def _speed(settings) -> dict[str, np.ndarray]:
    """Images learned in a second of one core with 1, 16, 64 streams."""
    keep_memory()
    network, rng = make(settings, "ema"), np.random.default_rng(0)
    params, feedback = network.init(rng), network.draw_feedback(rng)
    rates = []
    for count in settings.timed_streams:
        state = network.rest(count)
        pixels = rng.random((count, network.sizes[0]), np.float32)
        target = group_targets(rng.integers(0, 10, count), settings.outputs)
        rounds, start = 0, time.perf_counter()
        while time.perf_counter() - start < 1.0:
            for _ in range(settings.steps_per_image):
                state, activity = step(network, params, feedback, state, pixels, target, rng)
                learn_in_place(params, state, activity, settings.learning_rate)
            rounds += 1
        rates.append(rounds * count / (time.perf_counter() - start))
    return {"streams": np.array(settings.timed_streams), "images_per_second": np.array(rates)}


def _state(done, curve, probes, params, state, data, rule) -> dict[str, np.ndarray]:
    kept = {f"weight_{k}": layer.weight for k, layer in enumerate(params)}
    kept |= {f"bias_{k}": layer.bias for k, layer in enumerate(params)}
    kept |= {f"forward_{k}": array for k, array in enumerate(state.forward)}
    kept |= {f"backward_{k}": array for k, array in enumerate(state.backward)}
    kept |= {f"curve_{name}": np.stack([entry[name] for entry in curve]) for name in curve[0]}
    kept |= {f"probe_{name}": array for name, array in probes.items()}
    bits = json.dumps([data.bit_generator.state, rule.bit_generator.state])
    return {**kept, "done": np.array(done), "random": np.array(bits)}


def _restore(saved, params, state, data, rule):
    """(updates done, curve, probes, potentials); weights and random streams are put back in place."""
    for number, layer in enumerate(params):
        layer.weight[...], layer.bias[...] = saved[f"weight_{number}"], saved[f"bias_{number}"]
    for generator, bits in zip((data, rule), json.loads(str(saved["random"]))):
        generator.bit_generator.state = bits
    potentials = type(state)(
        *(tuple(saved[f"{kind}_{k}"] for k in range(len(params))) for kind in ("forward", "backward"))
    )
    names = [name for name in saved if name.startswith("curve_")]
    curve = [{name[6:]: saved[name][k] for name in names} for k in range(len(saved[names[0]]))]
    probes = {name[6:]: array for name, array in saved.items() if name.startswith("probe_")}
    return int(saved["done"]), curve, probes, potentials


def table(settings, runs):
    """One row per reading of the time constant, one per number of streams."""
    rows = []
    for convention in CONVENTIONS:
        error = gather(runs, "error", convention=convention)[:, -1]
        chosen = select(runs, convention=convention)
        seconds = float(np.mean([run.facts["seconds"] for run in chosen]))
        images, trained = int(chosen[0].arrays["images"][-1]), gather(runs, "train_error", convention=convention)
        rows.append(_row(reading(convention), len(error), images, error, seconds, float(trained.mean())))
    speed = find(runs, convention="speed").arrays
    for count, rate in zip(speed["streams"], speed["images_per_second"]):
        rows.append(_row(f"speed with {count} streams, images per second", 1, int(rate), None, 1.0, ""))
    return rows


def _row(what, n, images, error, seconds, trained):
    row = {"what": what, "n": n, "images": images, "error_percent": "" if error is None else float(error.mean())}
    row |= {"sd": "" if error is None else spread(error), "train_error_percent": trained}
    return row | {"seconds_of_one_core": seconds}


def claims(settings, runs):
    """It learns with plasticity always on; the printed error against ours with the compute spent; both readings."""
    error = gather(runs, "error", convention="ema")
    leak = gather(runs, "error", convention="leak")[:, -1]
    largest = gather(runs, "angles", convention="ema")[:, -1].max(1)
    chosen = select(runs, convention="ema")
    minutes = np.mean([run.facts["seconds"] for run in chosen]) / 60
    size = f"{PIXELS[settings.data]}-{settings.hidden} x 3-{settings.outputs}"
    spent = f"{size}, {settings.images:,} images, {minutes:.1f} minutes of one core"
    speed = find(runs, convention="speed").arrays
    found = [
        Claim(
            "spiking neurons learn with both pathways active at once, without pause or reset",
            "test error after minus before, points",
            error[:, -1] - error[:, 0],
            all_of(paired_less(error[:, -1], error[:, 0]), mean_below(error[:, -1], 45)),
        ),
        Claim(
            f"{PRINTED} % error on the test set (784-1500 x 3-1000, number of passes not given), within 0.3 points or "
            "better",
            f"test error, percent ({spent})",
            error[:, -1],
            mean_below(error[:, -1], PRINTED + 0.3),
            full=True,
        ),
        Claim(
            f"the same network on {TRAINING_IMAGES:,} of its training images",
            "error at the end, percent",
            gather(runs, "train_error", convention="ema"),
            reported(),
            own=True,
        ),
        Claim(
            "forward weights align with the feedback of every layer",
            "largest angle of a W to its B^T, degrees",
            largest,
            every_below(largest, 90),
        ),
        Claim(
            f"(the literal time constant) {reading('leak')}, {settings.images_leak:,} images",
            "test error, percent",
            leak,
            reported(),
        ),
    ]
    for count, rate in zip(speed["streams"], speed["images_per_second"]):
        text = f"speed of one core with {count} streams"
        found.append(Claim(text, "images per second", np.array([rate]), reported(), own=True))
    return found


def figures(settings, runs):
    """The article's Fig. 4 (rasters, one neuron's potential and modulator, three stages), and the learning curve."""
    figure, (error, angle) = panels(4.0, 3.6, height=3.2)
    for convention in CONVENTIONS:
        x = select(runs, convention=convention)[0].arrays["images"]
        values = gather(runs, "error", convention=convention)
        band(error, x, values, COLOUR[convention], f"{reading(convention)}, n = {len(values)}")
    error.axhline(PRINTED, color="#666666", linewidth=0.8, linestyle=":")
    error.text(x[0], PRINTED + 0.2, f" {PRINTED} % (the paper)", fontsize=7.5, color="#666666", va="bottom")
    error.set(yscale="log", ylim=(1, 100), xlim=(0, settings.images), ylabel="test error (%)", title="spiking network")
    error.legend(loc="lower left", bbox_to_anchor=(0.0, 0.18))
    x, angles = select(runs, convention="ema")[0].arrays["images"], gather(runs, "angles", convention="ema")
    for layer, style in enumerate((":", "--", "-")):
        label = f"layer {layer + 1} to {layer + 2}"
        band(angle, x, angles[:, :, layer], COLOUR["ema"], label, deviations=0, linestyle=style)
    angle.axhline(90, color="#999999", linewidth=0.8, linestyle=":")
    angle.set(ylim=(30, 100), xlim=(0, settings.images), ylabel="angle (degrees)")
    angle.set_title(rf"angle $W \angle B^T$, n = {len(angles)}")
    angle.legend(loc="lower left")
    for axis in (error, angle):
        examples_axis(axis, "images")
    return {"rasters": _rasters(settings, select(runs, convention="ema", seed=0)[0].arrays), "learning": figure}


def _rasters(settings, arrays):
    """Columns are stages; rows are the images, four rasters, the potential and the modulator of one neuron."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11.5, 8.2))
    axes = figure.subplots(7, 3, height_ratios=(1.1, 1, 1, 1, 1.6, 0.9, 0.9), sharex=False)
    total = 3 * settings.probe_steps
    side = round(arrays["shown"].shape[1] ** 0.5)
    ranges = {
        key: max(np.abs(arrays[f"{stage}_{key}"]).max() for stage in STAGES) * 1.1 for key in ("potential", "modulator")
    }
    for column, stage in enumerate(STAGES):
        top = axes[0, column]
        for place, image in enumerate(arrays["shown"]):
            middle = (place + 0.5) * settings.probe_steps
            top.imshow(255 - image.reshape(side, side), cmap="gray", extent=(middle - 14, middle + 14, 0, 28))
        top.set(xlim=(0, total), ylim=(0, 28), title=stage, aspect="equal")
        top.set_axis_off()
        for layer in range(4):
            axis = axes[1 + layer, column]
            unit, moment = np.nonzero(arrays[f"{stage}_spikes_{layer}"])
            axis.plot(moment, unit, "|", color="black", markersize=1.8 if layer < 3 else 1.0, markeredgewidth=0.5)
            axis.set(xlim=(0, total), ylim=(0, len(arrays[f"{stage}_spikes_{layer}"])), yticks=[], xticks=[])
            if layer == 3:
                group = settings.outputs // 10
                axis.set_yticks([(k + 0.5) * group for k in range(10)], [f"'{k}'" for k in range(10)], fontsize=6)
            if column == 0:
                axis.set_ylabel(f"hidden {layer + 1}" if layer < 3 else "output", fontsize=8)
        for row, key, colour in ((5, "potential", "#0072b2"), (6, "modulator", COLOURS["feedback-alignment"])):
            axis = axes[row, column]
            axis.plot(arrays[f"{stage}_{key}"], color=colour, linewidth=0.9)
            axis.axhline(0, color="#bbbbbb", linewidth=0.6)
            axis.set(xlim=(0, total), ylim=(-ranges[key], ranges[key]))
            axis.set_xticks([] if row == 5 else range(0, total + 1, settings.probe_steps))
            if column == 0:
                axis.set_ylabel("PSP (a.u.)" if key == "potential" else r"$\delta_j$ (a.u.)", fontsize=8)
        axes[6, column].set_xlabel("time step")
        for row in range(1, 7):
            for edge in range(1, 3):
                axes[row, column].axvline(edge * settings.probe_steps, color="#d55e00", linewidth=0.6, alpha=0.7)
    return figure


EXPERIMENT = Experiment(
    name="spiking",
    title="Spiking neurons, always learning",
    source="Nature Communications Fig. 4, Supplementary Figs 3 and 4",
    settings=Settings,
    units=units,
    run=run,
    table=table,
    claims=claims,
    figures=figures,
    needs=lambda settings: (settings.data,),
    remarks="Rasters: three test images for 50 steps each, 50 units of each hidden layer and all output units, with "
    "the weights of that stage; below, the postsynaptic potential and the modulator of one neuron of hidden layer 2.",
    choices=lambda settings: (
        Choice("equations", "rebuilt from the text", "the formulas are lost"),
        Choice(f"time constant {SpikingNetwork().time_constant:g}", f"{reading('ema')} as the default, "
               f"{reading('leak')} beside it",
               "'fast' suggests the first"),
        Choice("order within a step", "forward sweep, then feedback sweep", "a delay of one step per layer would "
               f"answer an image of {settings.steps_per_image} steps 4 steps late"),
        Choice("phi of the backward neurons", "tanh(D / 2)", "'a simple sigmoidal function centred on 0'"),
        Choice("size and duration", f"{PIXELS[settings.data]}-{settings.hidden} x 3-{settings.outputs}, "
               f"{settings.images:,} images in {settings.streams} streams whose weight changes are summed",
               "the time that the whole report may take; --paper-size has the paper's sizes"),
        Choice("weight decay", f"rate x gamma per step, gamma = {settings.weight_decay:g}",
               "whether gamma stands alone or with the rate is not said"),
        Choice("read-out", f"spikes of a class summed over the {settings.steps_per_image} steps",
               "one step or all is not said"),
    ),
)  # fmt: skip
