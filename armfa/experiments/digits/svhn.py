"""House numbers: a 3072-1000-10 network on the cropped digits of SVHN, or on a stand-in where the files are absent.

The article says that feedback alignment works on SVHN too and gives no numbers. [Lillicrap et al. 2016, Supplementary
Notes 2 to 9]
"""

from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from armfa import data
from armfa.controllers.circuits.mlp import MLP
from armfa.controllers.rules.feedback import Backprop, FeedbackAlignment
from armfa.controllers.rules.shallow import Shallow
from armfa.experiments.base import Experiment, Scales, told
from armfa.experiments.digits.mnist import end, spread
from armfa.experiments.images import learn_digits
from armfa.problems import digits
from armfa.reports.claim import Choice, Claim, Verdict
from armfa.reports.figures import COLOURS, LABELS, angle_axis, band, examples_axis, over_images, panels
from armfa.reports.statistics import mean_below, paired_less, reported
from armfa.runs.unit import Unit, gather, select

RULES = ("shallow", "backprop", "feedback-alignment")
NAMES = {"svhn": "SVHN, cropped digits", "stand-in": "generated stand-in, not house numbers"}


@dataclass(frozen=True)
class Settings(Scales):
    """Rates are per example; pixels are centred by the mean of the training images."""

    SCALELESS = ("seeds", "house_numbers")

    seeds: int = 3
    house_numbers: str = "auto"  # "auto": the files if they are here, else the stand-in; "download": fetch 246 MB
    hidden: int = 1000
    examples: int = 60_000
    stand_in_size: tuple[int, int] = (4000, 1000)
    batch_size: int = 8
    rates_shallow: tuple[float, float] = (0.0, 0.01)
    rates_backprop: tuple[float, float] = (0.05, 0.01)
    rates_feedback_alignment: tuple[float, float] = (0.003, 0.01)
    start_scale: float = 0.05
    feedback_scale: float = 1.0
    weight_decay: float = 1e-6

    @classmethod
    def quick(cls):
        """Two networks with 200 hidden units."""
        return cls(seeds=2, hidden=200, examples=12_000, stand_in_size=(2000, 500))


def found(settings) -> str:
    """Which images a run of these settings will see: `svhn` or `stand-in`."""
    if settings.house_numbers not in ("auto", "download"):
        raise ValueError(f"expected house_numbers 'auto' or 'download', got {settings.house_numbers!r}")
    return "svhn" if settings.house_numbers == "download" or data.available(data.SVHN) else "stand-in"


@cache
def problem(name: str, size: tuple[int, int]):
    """The images as a problem, centred; loaded once a process."""
    if name == "svhn":
        task = digits.recognition(data.svhn())
    else:
        task = digits.recognition(data.stand_in(np.random.default_rng(2016), train=size[0], test=size[1]))
    mean = task.images.mean(0)
    return replace(task, images=task.images - mean, test_images=task.test_images - mean)


def units(settings):
    """A network per unit; its name says which images it saw."""
    images = found(settings)
    cost = settings.examples * 2.5e-7 * settings.hidden
    return [
        Unit(f"{rule}_{images}_{seed}", {"rule": rule, "images": images, "seed": seed}, cost)
        for rule in RULES
        for seed in range(settings.seeds)
    ]


def run(settings, unit, checkpoint):
    """Test error and angle over examples."""
    name, seed = unit.arguments["rule"], unit.arguments["seed"]
    alignment = FeedbackAlignment(scale=settings.feedback_scale, carry="error")
    rule, rates = {
        "shallow": (Shallow(), settings.rates_shallow),
        "backprop": (Backprop(), settings.rates_backprop),
        "feedback-alignment": (alignment, settings.rates_feedback_alignment),
    }[name]
    task = problem(unit.arguments["images"], settings.stand_in_size)
    network = MLP((task.images.shape[1], settings.hidden, 10), "logistic", weight_scale=settings.start_scale)
    arrays, _ = learn_digits(settings, task, network, rule, rates, seed, checkpoint)
    shown = {"shown": task.test_images[:25].astype(np.float16)} if seed == 0 else {}
    return {**arrays, **shown}


def table(settings, runs):
    """One row per rule."""
    rows = []
    for rule in RULES:
        error = end(runs, rule=rule)
        row = {"images": runs[0].arguments["images"], "rule": rule, "n": len(error)}
        row |= {"error_percent": float(error.mean()), "sd": spread(error)}
        rows.append(row | {"train_error_percent": float(gather(runs, "train_error", rule=rule).mean())})
    return rows


def claims(settings, runs):
    """FA learns with a hidden layer and aligns; which images that was shown on."""
    images = runs[0].arguments["images"]
    name = NAMES[images]
    alignment, shallow = end(runs, rule="feedback-alignment"), end(runs, rule="shallow")
    angle = gather(runs, "angle", rule="feedback-alignment")[:, -1]
    works = "the mechanism works on more difficult tasks, such as SVHN: better than shallow"
    quantity = "error minus error of shallow, points"
    if images == "stand-in":
        absent = Claim(works, quantity, np.array([]), Verdict("not tested", "the files are absent", None))
        first = [absent, Claim(f"FA beside shallow (here: {name})", quantity, alignment - shallow, reported())]
    else:
        first = [Claim(works, quantity, alignment - shallow, paired_less(alignment, shallow))]
    return [
        *first,
        Claim(
            f"the modulators align (here: {name})",
            "angle at the end, degrees",
            angle,
            reported() if images == "stand-in" else mean_below(angle, 80),
            own=True,
        ),
        Claim(f"FA, {name}", "test error, percent", alignment, reported(), own=True),
        Claim(f"backprop, {name}", "test error, percent", end(runs, rule="backprop"), reported(), own=True),
    ]


def figures(settings, runs):
    """Test error and angle; the title says which images were seen."""
    images = runs[0].arguments["images"]
    figure, (shown, error, angle) = panels(2.6, 3.8, 3.2, height=3.3)
    tiles = runs[0].arrays["shown"].astype(float).reshape(5, 5, 32, 32, 3) + 0.5
    shown.imshow(np.clip(tiles.transpose(0, 2, 1, 3, 4).reshape(160, 160, 3), 0, 1))
    shown.set_axis_off()
    shown.set_title("stand-in images" if images == "stand-in" else "SVHN, centred")
    for rule in RULES:
        x = select(runs, rule=rule)[0].arrays["examples"]
        values = gather(runs, "error", rule=rule)
        band(error, x, values, COLOURS[rule], f"{LABELS[rule]}, n = {len(values)}: {values[:, -1].mean():.1f} %")
    error.set(ylim=(0, 100), xlim=(0, x[-1]), ylabel="test error (%)", title=NAMES[images])
    error.legend(loc="upper right")
    values, within = (gather(runs, key, rule="feedback-alignment") for key in ("angle", "angle_sd"))
    over_images(angle, x, values, within, COLOURS["feedback-alignment"], f"n = {len(values)}")
    angle.legend(loc="lower right")
    angle_axis(angle)
    angle.set(xlim=(0, x[-1]), title=r"angle $\delta_{FA} \angle\, \delta_{BP}$")
    for axis in (error, angle):
        examples_axis(axis)
    return {"house_numbers": figure}


EXPERIMENT = Experiment(
    name="svhn",
    title="House numbers",
    source="Nature Communications, Supplementary Notes 2 to 9 (no numbers public)",
    settings=Settings,
    units=units,
    run=run,
    table=table,
    claims=claims,
    figures=figures,
    needs=lambda settings: ("svhn",) if found(settings) == "svhn" else (),
    remarks="Where the files train_32x32.mat and test_32x32.mat (246 MB, in the folder that ARMFA_DATA names, or "
    "fetched with --house-numbers download) are absent, the network learns generated images of the same form instead: "
    "that shows that network and learning run end to end, and nothing about house numbers.",
    choices=lambda settings: (
        Choice(
            "network, rates, duration",
            f"3072-{settings.hidden}-10 logistic; rates (hidden, output): backprop {told(settings.rates_backprop)}, FA "
            f"{told(settings.rates_feedback_alignment)}; {settings.examples:,} examples",
            "nothing is given for this task",
        ),
        Choice("pixels", "[0, 1] minus the mean training image", "without it all hidden units begin saturated"),
    ),
)
