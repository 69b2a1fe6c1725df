"""Published arms. Every number carries its unit, its source and a mark: how well the source was checked.

V2  agrees in two or more independent sources   V1  read in one source   C  computed here   A  armfa's own choice

Sources are public code and later papers that restate a table, and not the tables' own pages. They are named in short:
docs/plant.md ("Sources") says where each is.
"""

import dataclasses
import math
from collections.abc import Callable
from typing import Any, NamedTuple

from armfa.plant.arm import Arm
from armfa.plant.limits import JointLimits
from armfa.plant.muscles.activation import Activation, FirstOrderActivation, ThelenActivation
from armfa.plant.muscles.brown_loeb import BrownLoeb
from armfa.plant.muscles.de_groote import DeGroote
from armfa.plant.muscles.geometry import ConstantMomentArms, CosineMomentArms, LinearMomentArms
from armfa.plant.muscles.linear import ForceGenerator, SpringDamper
from armfa.plant.muscles.thelen import Thelen
from armfa.plant.skeleton import Skeleton


def _rad(*degrees: float) -> Any:
    return tuple(math.radians(x) for x in degrees)


_HUMAN_LIMITS = JointLimits(  # A: ranges and gains
    lower=_rad(-20, 5), upper=_rad(140, 150), stiffness=50.0, damping=0.5, width=0.05
)
_MONKEY_LIMITS = JointLimits(lower=_rad(-20, 20), upper=_rad(110, 145), stiffness=5.0, damping=0.05, width=0.05)  # A


_MARGIN = math.radians(15.0)  # A: tasks place the human arms this far inside the limits


def _inside(limits: JointLimits) -> Any:
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
    "elbow flexors", "elbow extensors", "shoulder flexors",
    "shoulder extensors", "biarticular flexors", "biarticular extensors",
)  # fmt: skip
_LI_TODOROV_FORCE = tuple(
    31.8 * pcsa  # N: specific tension 31.8 N/cm^2 (V2: Dutech; rbridges12) times
    for pcsa in (18.0, 14.0, 22.0, 12.0, 5.0, 10.0)  # cm^2  V2: Dutech; rbridges12; bioptim LeuvenArmModel
)
_LI_TODOROV_SCALE = (  # k, 1/m  V2: rbridges12; bioptim
    -5.206336195535022, -7.538918356984516, -3.938098437958920,
    -3.031522725559912, -2.522778221157014, -1.826368199415192,
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
_LI_TODOROV_CURVES = BrownLoeb(  # slow/fast means of Brown, Cheng & Loeb 1999  V2: arm_model_sim; Dutech; pyarm
    beta=1.93, omega=1.03, rho=1.87,
    vmax=-5.72,  # L0/s
    cv=(1.38, 2.09),  # V2: 1.38 as every code prints it; the mean of Brown's 5.88 and -3.21 is 1.335 (FV: .003 at most)
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
_MONKEY_CURVES = BrownLoeb(  # V2: Kalidindi; iLQG_Muscle. FL and shortening are fast fibres', lengthening is the mean
    beta=1.55, omega=0.81, rho=2.12, vmax=-7.39, cv=(-3.21, 4.17), bv=0.62, av=(-3.12, 4.21, -2.67)
)  # fmt: skip
_MONKEY_FORCE = (100.0,) * 6  # N  V1: Kalidindi, "1 a.u. = 100 N" (the reading without PCSA)
_MONKEY_NAMES = (
    "shoulder flexors", "shoulder extensors", "elbow flexors",
    "elbow extensors", "biarticular flexors", "biarticular extensors",
)  # fmt: skip
_MONKEY_CENTER = _rad(32.6, 84.2)  # V2: Kalidindi; iLQG_Muscle
# C: tasks stay where these muscles work. With the shoulder flexed beyond 65 deg, or the elbow beyond 110, shoulder and
# biarticular extensors are stretched to where less than a tenth of their strength is left (0.1 % in the corner 15 deg
# inside the stops); below 52 deg of elbow flexion the elbow extensors' printed force-velocity curve has a pole.
_MONKEY_RANGE: Any = (_rad(-5, 65), _rad(52, 110))


def lillicrap_scott(activation: Activation | None) -> Arm:
    """Monkey arm with constant moment arms: Lillicrap & Scott 2013 (Neuron 77:168-179), affine in static excitation.

    The skeleton is not theirs but Cheng & Scott's (2000) regression for an animal of 5.5 kg: what is ascribed to them,
    the skeleton of `kalidindi2021`, no monkey can have. Their smooth rectifier of the excitation, and the small network
    that they fit to FL FV to remove the kink at v = 0, are left out: here are the curves themselves.
    """
    return Arm(
        name="lillicrap_scott",
        skeleton=Skeleton(
            mass=(0.2122, 0.1916),  # kg  V2: .0230 + .0344 W, .0530 + .0252 W at W = 5.5 kg (bmi3d; biomechPlanarArm)
            length=(0.145, 0.284),  # m  V1: Kalidindi
            center_of_mass=(0.0749, 0.0757),  # m  V1: Kalidindi
            inertia=(1e-7 * (432 + 356.6 * 5.5), 1e-7 * (2381 + 861.6 * 5.5)),  # kg m^2  V1: bmi3d (p. 221, table 8)
            inertia_about="center_of_mass",
            friction=((0.03, 0.01), (0.01, 0.03)),  # N m s/rad  V1: bmi3d, of no paper
        ),
        geometry=_MONKEY_GEOMETRY,
        curves=_MONKEY_CURVES,
        max_force=_MONKEY_FORCE,
        muscle_names=_MONKEY_NAMES,
        activation_dynamics=activation,
        limits=_MONKEY_LIMITS,
        joint_range=_MONKEY_RANGE,
        center_posture=_MONKEY_CENTER,
    )


def kalidindi2021(activation: Activation | None) -> Arm:
    """The monkey arm of Kalidindi et al. 2021 (eLife 10:e67256), as its public code has it.

    It joins monkey masses and lengths with Li & Todorov's human inertias and ten times their friction: for reproducing
    that paper, not for monkeys. The inertias are 17 and 25 times a monkey's (about the joints; 100 and 60 times about
    the centres of mass), and more than all of a link's mass at its far end would have.
    """
    return Arm(
        name="kalidindi2021",
        skeleton=Skeleton(
            mass=(0.2108, 0.1938),  # kg  V1: CorticalDynamics muscularArmClass.py
            length=(0.145, 0.284),  # m  V1
            center_of_mass=(0.0749, 0.0757),  # m  V1
            inertia=(0.025, 0.045),  # kg m^2  V1 (human)
            inertia_about="joint",  # C: a1 = .0741, a2 = .00213, a3 = .0450
            friction=((0.5, 0.1), (0.1, 0.5)),  # N m s/rad  V1
        ),
        geometry=_MONKEY_GEOMETRY,
        curves=_MONKEY_CURVES,
        max_force=_MONKEY_FORCE,
        muscle_names=_MONKEY_NAMES,
        activation_dynamics=activation,
        limits=_MONKEY_LIMITS,
        joint_range=_MONKEY_RANGE,
        center_posture=_MONKEY_CENTER,
        published_with_euler=True,  # V1: Euler, 10 ms
    )


def li_todorov_smooth(activation: Activation | None) -> Arm:
    """Li & Todorov's skeleton and muscle paths with the infinitely smooth muscle curves of De Groote et al. 2016."""
    return dataclasses.replace(
        li_todorov(activation),
        name="li_todorov_smooth",
        limits=dataclasses.replace(_HUMAN_LIMITS, stiffness=100.0, damping=1.0),  # A: muscles twice as strong at a = 1
        curves=DeGroote(  # V2: rbridges12; bioptim (Van Wouwe, Ting & De Groote 2022)
            gaussians=(
                (0.814483478343008, 1.055033428970575, 0.162384573599574, 0.063303448465465),
                (0.433004984392647, 0.716775413397760, -0.029947116970696, 0.200356847296188),
                (0.1, 1.0, 0.353553, 0.0),
            ),
            velocity=(-0.318323436899127, -8.149156043475250, -0.374121508647863, 0.885644059915004),
            vmax=10.0,  # L0/s
            passive=(4 / 0.6, 0.995172050006169 - 1.0, 53.598150033144236),
        ),
    )


def motornet_arm26(activation: Activation | None) -> Arm:
    """MotorNet's rigid-tendon human arm (Codol et al. 2024 eLife 12:RP88591); paths of Nijhof & Kouwenhoven 2000.

    MotorNet stops the joints hard at 0 to 135 and 0 to 155 deg; here the limits are soft, at the same angles.
    """
    fibre = (
        0.134,
        0.140,
        0.092,
        0.093,
        0.137,
        0.127,
    )  # optimal fibre length, m  V1: MotorNet 0.3.0, as everything here
    tendon = (0.039, 0.066, 0.172, 0.187, 0.204, 0.217)  # m  V1
    path = (
        0.151,
        0.2322,
        0.2859,
        0.2355,
        0.3329,
        0.2989,
    )  # a0, m: length with the upper arm along y, elbow straight  V1
    limits = JointLimits(lower=_rad(0, 0), upper=_rad(135, 155), stiffness=200.0, damping=2.0)  # ranges V1, gains A
    return Arm(
        name="motornet_arm26",
        skeleton=Skeleton(
            mass=(1.82, 1.43),  # kg  V1
            length=(0.309, 0.333),  # m  V1
            center_of_mass=(0.135, 0.165),  # m  V1
            inertia=(0.051, 0.057),  # kg m^2  V1
            inertia_about="center_of_mass",
            friction=((0.0, 0.0), (0.0, 0.0)),  # V1
        ),
        geometry=LinearMomentArms(
            shoulder=(-0.03, 0.03, 0.0, 0.0, -0.03, 0.03),  # a1, m  V1
            shoulder_slope=(0.0,) * 6,  # a2, m/rad  V1
            elbow=(0.0, 0.0, -0.014, 0.025, -0.016, 0.03),  # a1, m  V1
            elbow_slope=(0.0, 0.0, -0.004, -0.0022, -0.0057, -0.0032),  # a2, m/rad  V1
            origin=(math.pi / 2, 0.0),  # rad  V1
            reference_length=fibre,
            base=tuple((length - slack) / optimum for length, slack, optimum in zip(path, tendon, fibre)),
        ),
        curves=Thelen(vmax=10.0, af=0.25, flen=1.4, gamma=0.45, kpe=5.0, e0=0.6),  # V1; vmax in L0/s
        max_force=(838.0, 1207.0, 1422.0, 1549.0, 414.0, 603.0),  # N  V1
        muscle_names=("pectoralis", "deltoid", "brachioradialis", "triceps lateral", "biceps", "triceps long"),
        activation_dynamics=activation,
        limits=limits,
        joint_range=_inside(limits),
        center_posture=_rad(45, 90),  # A
        published_with_euler=True,  # V1: Euler, 10 ms
    )


def katayama_kawato(activation: Activation | None) -> Arm:
    """Human arm with linear spring-damper muscles: Katayama & Kawato 1993 (Biol Cybern 69:353-362).

    No activation dynamics; a muscle's tension is not held above zero. No two rigid links can have these inertias
    (`Skeleton.rigid` is False), which are as printed: .0588 kg m^2 about the elbow is less than 1.44 kg at .21 m.
    """
    shoulder = (
        0.04,
        -0.04,
        0.0,
        0.0,
        0.028,
        -0.028,
    )  # moment arm, m  V2: model_kawato_arm.m; pyarm (signs by convention)
    elbow = (0.0, 0.0, 0.025, -0.025, 0.035, -0.035)  # moment arm, m  V2
    rest = _rad(45, 70)  # where every spring is slack at u = 0  V1
    return Arm(
        name="katayama_kawato",
        skeleton=Skeleton(
            mass=(1.59, 1.44),  # kg  V1, V2
            length=(0.30, 0.35),  # m  V1: pyarm (the other source has .30; .35 fits s2/l2 = .6)
            center_of_mass=(0.18, 0.21),  # m  V1, V2
            inertia=(0.0477, 0.0588),  # kg m^2  V2
            inertia_about="joint",
            friction=((0.0, 0.0), (0.0, 0.0)),  # V2
        ),
        geometry=ConstantMomentArms(
            shoulder=shoulder,
            elbow=elbow,
            reference_length=(1.0,) * 6,  # l is stretch in metres
            base=tuple(r1 * rest[0] + r2 * rest[1] for r1, r2 in zip(shoulder, elbow)),
        ),
        curves=SpringDamper(
            stiffness=(810.8, 1621.6),  # N/m  V2
            damping=(54.1, 108.1),  # N s/m  V2
            shortening=(0.03491, 0.03491, 0.02182, 0.02182, 0.05498, 0.05498),  # m  V2
        ),
        max_force=(1.0,) * 6,  # N: the curves are in newtons
        muscle_names=_MONKEY_NAMES,
        activation_dynamics=activation,
        limits=_HUMAN_LIMITS,
        joint_range=_inside(_HUMAN_LIMITS),
        center_posture=rest,
    )


def torque(activation: Activation | None) -> Arm:
    """Li & Todorov's skeleton with a torque motor at each joint and no muscles: for control theory and tests."""
    return Arm(
        name="torque",
        skeleton=_LI_TODOROV_SKELETON,
        geometry=ConstantMomentArms(
            shoulder=(1.0, 0.0), elbow=(0.0, 1.0), reference_length=(1.0, 1.0), base=(1.0, 1.0)
        ),  # a "moment arm" of 1: force and torque are one
        curves=ForceGenerator(),
        max_force=(6.0, 4.0),  # N m  A: twice what a brisk reach of 10 cm takes
        muscle_names=("shoulder torque", "elbow torque"),
        activation_dynamics=activation,
        limits=_HUMAN_LIMITS,
        joint_range=_inside(_HUMAN_LIMITS),
        center_posture=_rad(45, 90),  # A
        excitation_range=(-1.0, 1.0),
    )


class Preset(NamedTuple):
    """How to build an arm, and the activation dynamics it takes on request (None: published without)."""

    build: Callable[[Activation | None], Arm]
    activation_dynamics: Activation | None


_LEAK_50_MS = FirstOrderActivation(rise_time=0.050, fall_time=0.050)

PRESETS: dict[str, Preset] = {
    "li_todorov": Preset(li_todorov, _LI_TODOROV_ACTIVATION),
    "lillicrap_scott": Preset(lillicrap_scott, _LI_TODOROV_ACTIVATION),  # A: none was published
    "kalidindi2021": Preset(kalidindi2021, _LEAK_50_MS),  # V1: muscle leak of 50 ms
    "li_todorov_smooth": Preset(li_todorov_smooth, FirstOrderActivation(0.150, 0.150)),  # V1: Van Wouwe et al. 2022
    "motornet_arm26": Preset(motornet_arm26, ThelenActivation(rise_time=0.015, fall_time=0.050)),  # V1
    "katayama_kawato": Preset(katayama_kawato, None),
    "torque": Preset(torque, None),
}


def preset(name: str, activation: str) -> Arm:
    """The preset of that name, with "static" muscles or with its own "first_order" dynamics."""
    build, dynamics = PRESETS[name]
    if activation == "static":
        return build(None)
    if dynamics is None:
        raise ValueError(f"arm {name!r} was published without activation dynamics; use activation='static'")
    return build(dynamics)
