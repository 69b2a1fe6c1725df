"""The same bits whatever runs beside: threads, workers, how many networks are in a stack."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from armfa.benchmarks.stress.commands import begin_of, digests
from armfa.benchmarks.stress.lines import Line

STEPS = """
import hashlib, numpy as np
from armfa.plant import make_arm, rest_state, Simulator
found = hashlib.sha256()
for name in ("li_todorov", "motornet_arm26", "pigeon1996"):
    arm, rng = make_arm(name, activation="first_order"), np.random.default_rng(SEED)
    state = rest_state(arm, rng.uniform(*np.transpose(arm.joint_range), (1000, 2)))
    for _ in range(50):
        state = Simulator(arm).step(state, rng.uniform(size=(1000, arm.n_muscles)))
    found.update(b"".join(part.tobytes() for part in state))
print(found.hexdigest())
"""


def bits(seconds: float, seed: int) -> Iterator[Line]:
    """Threads, workers and stacks must change no bit."""
    threads = [_told(["-c", STEPS.replace("SEED", str(seed))], n) for n in (1, 2, 4)]
    yield Line("bits", "steps of the arm at 1, 2 and 4 threads", 3, len(set(threads)) - 1)
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        found = {n: _trained(place, n, seeds=2) for n in (1, 2)}
        yield Line("bits", "`train` on 1 and 2 workers", 2, int(found[1] != found[2]))
        stacks = {n: _trained(place, 1, seeds=n) for n in (1, 2, 3, 5)}
        wrong = sum(stacks[n] != {k: v for k, v in stacks[5].items() if k in stacks[n]} for n in (1, 2, 3))
        yield Line("bits", "networks of stacks of 1, 2, 3 and 5", 4, wrong)
        threaded = [_trained(place, 1, seeds=2, threads=n) for n in (1, 2)]
        yield Line("bits", "`train` at 1 and 2 threads", 2, int(threaded[0] != threaded[1]))


def _trained(place: Path, processes: int, seeds: int, threads: int = 1) -> dict[str, str]:
    """The controllers that a small run trains."""
    folder = place / f"{processes}-{seeds}-{threads}"
    words = begin_of("train", folder)
    for flag, value in (("--processes", processes), ("--seeds", seeds)):
        words[words.index(flag) + 1] = str(value)
    _told(["-m", "armfa", *words], threads)
    found = digests(folder / "controllers")
    assert found
    return found


def _told(words: list[str], threads: int) -> str:
    """What a Python told, with so many threads for whoever asks."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
    there = {**os.environ, **dict.fromkeys(names, str(threads))}
    return subprocess.run([sys.executable, *words], env=there, check=True, capture_output=True, text=True).stdout
