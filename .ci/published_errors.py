"""Put each error that was found in a public arm into a copy of this one, and see that the tests named for it fail.

python .ci/published_errors.py   takes a minute or two; docs/trust.md has the table
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent


class Fault(NamedTuple):
    """A text of ours, what it would be with the error, and the tests that must fail then."""

    name: str
    file: str  # in armfa/
    ours: str
    theirs: str
    tests: tuple[str, ...]  # test file::test


MUSCLES, MECHANICS = "tests/plant/test_muscles.py", "tests/plant/test_mechanics.py"
PUBLISHED = f"{MUSCLES}::test_inside_the_guards_the_curves_are_the_published_ones"
AT_REST = f"{MUSCLES}::test_force_velocity_is_one_at_rest_from_both_sides"
HALF = f"{MUSCLES}::test_li_todorov_muscle_gives_half_its_force_at_full_activation"
SLOW = f"{MUSCLES}::test_activation_reaches_63_percent_in_its_time_constant"
ORDER = "tests/plant/test_integrators.py::test_error_falls_with_the_integrators_true_order"
ACTIVATION, CURVES, PRESETS = "plant/muscles/activation.py", "plant/muscles/brown_loeb.py", "plant/presets.py"

FAULTS = (
    Fault("time constants exchanged", ACTIVATION, "return where(u > a, self.fall_time + u",
          "return where(u < a, self.fall_time + u", (SLOW,)),
    Fault("one time constant for rise and fall", ACTIVATION,
          "self.fall_time + u * (self.rise_time - self.fall_time), self.fall_time)",
          "self.rise_time, self.rise_time)", (SLOW,)),
    Fault("sign of the muscle velocity", "plant/physics.py", "v = -(r1 * s.w1 + r2 * s.w2)",
          "v = (r1 * s.w1 + r2 * s.w2)", (f"{MECHANICS}::test_moment_arms_do_virtual_work",)),
    Fault("force-length exponent 1.0", PRESETS, "rho=2.12, vmax=-7.39", "rho=1.0, vmax=-7.39", (PUBLISHED,)),
    Fault("force-length exponents 1.92 and 2", PRESETS, "beta=1.93, omega=1.03, rho=1.87",
          "beta=1.92, omega=1.03, rho=2.0", (PUBLISHED,)),
    Fault("force-velocity factor without length", CURVES, "self.vmax + (cv0 + cv1 * l) * v",
          "self.vmax + (cv0 + cv1) * v", (PUBLISHED,)),
    Fault("shortening without its factor v", CURVES, "self.vmax + (cv0 + cv1 * l) * v",
          "self.vmax + (cv0 + cv1 * l)", (AT_REST, PUBLISHED)),
    Fault("lengthening without its factor v", CURVES, "(av0 + av1 * l + av2 * l * l) * v",
          "(av0 + av1 * l + av2 * l * l)", (AT_REST, PUBLISHED)),
    Fault("-0.572 for -5.72", PRESETS, "vmax=-5.72,", "vmax=-0.572,", (PUBLISHED,)),
    Fault("brackets of the force-velocity curve", CURVES, "self.vmax + (cv0 + cv1 * l) * v",
          "self.vmax + cv0 + cv1 * l * v", (AT_REST, PUBLISHED)),
    Fault("brackets of the activation curve", CURVES, "(at_least(a, 0.0) / (af * nf))", "(at_least(a, 0.0) / af * nf)",
          (HALF, PUBLISHED)),
    Fault("Runge-Kutta stages chained", "plant/integrators.py", "here = moved(rates[-1], node * dt) if node else here",
          "here = here._replace(**{k: getattr(here, k) + node * dt * r for k, r in zip(here._fields, rates[-1])})"
          " if node else here", (ORDER,)),
    Fault("Runge-Kutta position from the old velocity", "plant/integrators.py", "rates.append((here.w1, here.w2,",
          "rates.append((s.w1, s.w2,", (ORDER,)),
    Fault("human inertias on a monkey's links", PRESETS, "inertia=(1e-7 * (432 + 356.6 * 5.5),",
          "inertia=(0.025, 0.045) or (1e-7 * (432 + 356.6 * 5.5),",
          (f"{MECHANICS}::test_published_hand_inertia_of_the_two_arms",)),
    Fault("0.0175 for pi/180", PRESETS, "math.radians(x) for x in degrees", "0.0175 * x for x in degrees",
          (f"{MUSCLES}::test_monkey_muscles_are_at_their_optimal_length_at_the_published_angles",)),
    Fault("sign of the hand velocity", "plant/physics.py", "return jx1 * s.w1 + jx2 * s.w2, jy1 * s.w1 + jy2 * s.w2",
          "return -(jx1 * s.w1 + jx2 * s.w2), -(jy1 * s.w1 + jy2 * s.w2)",
          (f"{MECHANICS}::test_hand_velocity_is_the_rate_of_hand_position",)),
    Fault("channel's position from the velocity", "world/fields.py",
          "y = ((hand_position(arm, q) - point) * normal).sum(-1)",
          "y = ((hand_velocity(arm, q, moment.arm.joint_velocity) - point) * normal).sum(-1)",
          ("tests/world/test_fields.py::test_a_channel_keeps_the_hand_within_millimetres_of_the_line",)),
    Fault("the caller's time step overwritten", "plant/simulator.py",
          'object.__setattr__(self, "dt", _time_step(self.dt))', 'object.__setattr__(self, "dt", 0.0025)',
          (SLOW, ORDER)),
)  # fmt: skip


def unseen(fault: Fault) -> list[str]:
    """The tests named for an error that do not fail when it is there."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for part in ("armfa", "tests"):
            shutil.copytree(ROOT / part, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "pyproject.toml", copy)
        file = copy / "armfa" / fault.file
        text = file.read_text(encoding="utf-8")
        if text.count(fault.ours) != 1:
            raise SystemExit(f"{fault.name}: expected once in {fault.file}: {fault.ours}")
        file.write_text(text.replace(fault.ours, fault.theirs), encoding="utf-8")
        run = subprocess.run(
            [sys.executable, "-m", "pytest", "-n", "0", "-p", "no:cacheprovider", "--tb=no", "-rf", *fault.tests],
            cwd=copy, env=os.environ | {"PYTHONPATH": folder, "ARMFA_COMPILED": "0"}, capture_output=True, text=True,
        )  # fmt: skip
        if run.returncode != 1:  # 0: all passed; above 1: pytest did not get to run them
            return [f"{run.stdout[-2000:]}{run.stderr[-2000:]}"]
    return [test for test in fault.tests if f"FAILED {test}" not in run.stdout]


def main() -> int:
    """A line per error: seen by each of its tests, or by which not."""
    missed = 0
    for fault in FAULTS:
        tests = unseen(fault)
        missed += bool(tests)
        print(f"{fault.name:45s}{'seen' if not tests else 'NOT SEEN by ' + ', '.join(tests)}", flush=True)
    print(f"{len(FAULTS) - missed} of {len(FAULTS)} errors are seen by every test that is named for them")
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
