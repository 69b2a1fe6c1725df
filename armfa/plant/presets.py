"""Published arms. Every number carries its unit, its source and a mark: how well the source was checked.

V2  agrees in two or more independent sources      V1  read in one source      C  computed here      A  armfa's own choice
"""

import math
from collections.abc import Callable
from typing import Any

from armfa.plant.arm import Arm
from armfa.plant.limits import JointLimits
from armfa.plant.muscles.activation import Activation, FirstOrderActivation
from armfa.plant.muscles.brown_loeb import BrownLoeb
from armfa.plant.muscles.geometry import ConstantMomentArms, CosineMomentArms
from armfa.plant.skeleton import Skeleton


def _rad(*degrees: float) -> Any:
    return tuple(math.radians(x) for x in degrees)


_HUMAN_LIMITS = JointLimits(  # A: ranges and gains
    lower=_rad(-20, 5), upper=_rad(140, 150), stiffness=50.0, damping=0.5, width=0.05
)
_MONKEY_LIMITS = JointLimits(lower=_rad(-20, 20), upper=_rad(110, 145), stiffness=5.0, damping=0.05, width=0.05)  # A


_MARGIN = math.radians(15.0)  # A: tasks place the arm this far inside the limits


def _inside(limits: JointLimits):
    return tuple((low + _MARGIN, high - _MARGIN) for low, high in zip(limits.lower, limits.upper))


_LI_TODOROV_SKELETON = Skeleton(
    mass=(1.4, 1.0),  # kg  V2: Schimel, Kao & Hennequin 2023 eLife (table); feedbax; rbridges12
    length=(0.30, 0.33),  # m  V2: feedbax; rbridges12 (Schimel has .30, .30)
    center_of_mass=(0.11, 0.16),  # m  V2: feedbax; rbridges12
    inertia=(0.025, 0.045),  # kg m^2  V2: Schimel; feedbax; rbridges12; pyarm
    inertia_about="joint",  # C: a1 = .160, a3 = .045 as printed
    friction=((0.05, 0.025), (0.025, 0.05)),  # N m s/rad  V2: Schimel; feedbax; rbridges12
)
_LI_TODOROV_NAMES = (
    "elbow flexors", "elbow extensors", "shoulder flexors", "shoulder extensors", "biarticular flexors", "biarticular extensors"
)  # fmt: skip
_LI_TODOROV_FORCE = tuple(
    31.8 * pcsa  # N: specific tension 31.8 N/cm^2 (V2: Dutech; rbridges12) times
    for pcsa in (18.0, 14.0, 22.0, 12.0, 5.0, 10.0)  # cm^2  V2: Dutech; rbridges12; bioptim LeuvenArmModel
)
_LI_TODOROV_SCALE = (  # k, 1/m  V2: rbridges12; bioptim
    -5.206336195535022, -7.538918356984516, -3.938098437958920, -3.031522725559912, -2.522778221157014, -1.826368199415192
)  # fmt: skip
_LI_TODOROV_GEOMETRY = CosineMomentArms(  # Van Wouwe, Ting & De Groote 2022 PLoS Comput Biol 18:e1009338
    shoulder=(0.0, 0.0, 0.040, -0.042, 0.030, -0.039),  # A, m  V2: rbridges12; bioptim
    shoulder_cosine=(0.0, 0.0, -0.008, 0.0, -0.011, 0.0),  # B, m  V2
    elbow=(0.030, -0.019, 0.0, 0.0, 0.032, -0.022),  # A, m  V2
    elbow_cosine=(-0.011, 0.0, 0.0, 0.0, -0.010, 0.0),  # B, m  V2
    frequency=1.9,  # C, 1/rad  V2 (the files' .01 where B = 0 is a division guard)
    reference_length=tuple(-1.0 / k for k in _LI_TODOROV_SCALE),  # L0 = -1/k, m  C
    base=(1.10, 0.80, 1.20, 0.70, 1.10, 0.85),  # l at q = 0, in L0  V2
)
_LI_TODOROV_CURVES = BrownLoeb(  # slow/fast means of Brown, Cheng & Loeb 1999  V2: arm_model_sim; Dutech; pyarm; feedbax
    beta=1.93, omega=1.03, rho=1.87,
    vmax=-5.72,  # L0/s
    cv=(1.38, 2.09),
    bv=0.62,
    av=(-3.12, 4.21, -2.67),
    activation_shape=(0.56, 2.11, 4.16),  # af, nf0, nf1
    passive=(-0.02, 13.8, -18.7),  # V2 (18.7 x .79 = 14.77 in Brown's table; every code prints 13.8)
)  # fmt: skip
_LI_TODOROV_ACTIVATION = FirstOrderActivation(rise_time=0.050, fall_time=0.066)  # s  V2: Ueyama; arm_model_sim


def li_todorov(activation: Activation | None) -> Arm:
    """Human arm with posture-dependent moment arms: Li & Todorov 2004 (ICINCO, 222-229)."""
    return Arm(
        name="li_todorov",
        skeleton=_LI_TODOROV_SKELETON,
        geometry=_LI_TODOROV_GEOMETRY,
        curves=_LI_TODOROV_CURVES,
        max_force=_LI_TODOROV_FORCE,
        muscle_names=_LI_TODOROV_NAMES,
        activation_dynamics=activation,
        limits=_HUMAN_LIMITS,
        joint_range=_inside(_HUMAN_LIMITS),
        center_posture=_rad(45, 90),  # A
    )


# muscles SF, SE, EF, EE, BF, BE; V2: Kalidindi et al. 2021 (CorticalDynamics), biomechPlanarArm.m, iLQG_Muscle, feedbax
_MONKEY_SHOULDER = (0.02, -0.02, 0.0, 0.0, 0.015, -0.02)  # moment arm, m  V2
_MONKEY_ELBOW = (0.0, 0.0, 0.02, -0.02, 0.02, -0.015)  # moment arm, m  V2
_MONKEY_LENGTH = (0.0732, 0.0326, 0.0640, 0.0426, 0.0595, 0.0404)  # optimal length L0, m  V2
_MONKEY_OPTIMUM = (_rad(15.0, 4.88, 0, 0, 4.5, 2.12), _rad(0, 0, 80.86, 109.32, 92.96, 91.52))  # where l = 1  V2, C
_MONKEY_GEOMETRY = ConstantMomentArms(
    shoulder=_MONKEY_SHOULDER,
    elbow=_MONKEY_ELBOW,
    reference_length=_MONKEY_LENGTH,
    base=tuple(
        1.0 + (r1 * t1 + r2 * t2) / length
        for r1, r2, t1, t2, length in zip(_MONKEY_SHOULDER, _MONKEY_ELBOW, *_MONKEY_OPTIMUM, _MONKEY_LENGTH)
    ),  # l = 1 + sum_j R_j (theta0_j - q_j)/L0
)
_MONKEY_CURVES = BrownLoeb(  # V2: Kalidindi; iLQG_Muscle (rho, fast fibres: Brown, Cheng & Loeb 1999)
    beta=1.55, omega=0.81, rho=2.12, vmax=-7.39, cv=(-3.21, 4.17), bv=0.62, av=(-3.12, 4.21, -2.67)
)  # fmt: skip
_MONKEY_FORCE = (100.0,) * 6  # N  V1: Kalidindi, "1 a.u. = 100 N" (the reading without PCSA)
_MONKEY_NAMES = (
    "shoulder flexors", "shoulder extensors", "elbow flexors", "elbow extensors", "biarticular flexors", "biarticular extensors"
)  # fmt: skip
_MONKEY_CENTER = _rad(32.6, 84.2)  # V2: Kalidindi; iLQG_Muscle


def lillicrap_scott(activation: Activation | None) -> Arm:
    """Monkey arm with constant moment arms: Lillicrap & Scott 2013 (Neuron 77:168-179), affine in static excitation.

    Their inertias were not found; the skeleton is Cheng & Scott's (2000) regression for an animal of 5.5 kg.
    """
    return Arm(
        name="lillicrap_scott",
        skeleton=Skeleton(
            mass=(0.2122, 0.1916),  # kg  V2: .0230 + .0344 W, .0530 + .0252 W at W = 5.5 kg (bmi3d; biomechPlanarArm)
            length=(0.145, 0.284),  # m  V1: Kalidindi
            center_of_mass=(0.0749, 0.0757),  # m  V1: Kalidindi
            inertia=(1e-7 * (432 + 356.6 * 5.5), 1e-7 * (2381 + 861.6 * 5.5)),  # kg m^2  V1: bmi3d
            inertia_about="center_of_mass",
            friction=((0.03, 0.01), (0.01, 0.03)),  # N m s/rad  V1: bmi3d
        ),
        geometry=_MONKEY_GEOMETRY,
        curves=_MONKEY_CURVES,
        max_force=_MONKEY_FORCE,
        muscle_names=_MONKEY_NAMES,
        activation_dynamics=activation,
        limits=_MONKEY_LIMITS,
        joint_range=_inside(_MONKEY_LIMITS),
        center_posture=_MONKEY_CENTER,
    )


PRESETS: dict[str, tuple[Callable[[Activation | None], Arm], Activation | None]] = {
    "li_todorov": (li_todorov, _LI_TODOROV_ACTIVATION),
    "lillicrap_scott": (lillicrap_scott, FirstOrderActivation(rise_time=0.050, fall_time=0.066)),  # A: Li & Todorov's
}


def make_arm(name: str = "li_todorov", *, activation: str = "static") -> Arm:
    """The published arm of that name.

    activation : "static", where the activation is the excitation at once, or "first_order", the preset's own dynamics.
    """
    if name not in PRESETS:
        raise ValueError(f"expected an arm out of {', '.join(PRESETS)}; got {name!r}")
    if activation not in ("static", "first_order"):
        raise ValueError(f"expected activation 'static' or 'first_order', got {activation!r}")
    build, dynamics = PRESETS[name]
    if activation == "static":
        return build(None)
    if dynamics is None:
        raise ValueError(f"arm {name!r} was published without activation dynamics; use activation='static'")
    return build(dynamics)
