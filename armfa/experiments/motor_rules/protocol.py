"""The numbers of the protocol: seeds, budgets, rates. A number that changes makes another version of it."""

from dataclasses import dataclass

NAME = "motor rules, v1"

COMMON_RATES = (24.0, 0.014)
"""Of the column "one rate for all" and where every search begins: hidden layers, and output layer of 500 units. In the
middle, on a logarithmic scale, of those that a search on other seeds found for backprop and for feedback alignment on
velocity/0 (`LEARNERS` in `arm/controller.py`)."""

ADAPTATION_SHARE = 0.1
"""Of its own rates, those with which a rule learns from trial to trial, not falling. Chosen with backprop as that at
which the adaptation index of a curl field is above .7 and the baseline stays quiet; not searched for any rule."""


SLOW = 2e-3
"""s per update from which `--quick` leaves a rule out of an id, unless it is asked for by name."""


@dataclass(frozen=True)
class Protocol:
    """Seeds and budgets. Called without arguments it is the protocol; `quick` is a small one that says so."""

    seeds: int = 10
    """Test networks per rule and id, seeds 0 to 9; they share first weights and batches between rules."""
    tuning_seeds: tuple[int, ...] = (100, 101, 102)
    tries: int = 20
    """Sets of rates that a search tries, at most."""
    tuning_updates: int = 4_000
    """Updates of each network of a try, at most; where an id has fewer, all of them."""
    long_updates: int = 40_000
    """Of velocity/0, with batches of 16."""
    updates: int = 6_000
    """Of the other ids, with batches of 16."""
    online_samples: tuple[int, ...] = (2_000, 20_000, 200_000)
    """Of velocity-online/0 to 2, one by one."""
    adaptation_trials: tuple[int, ...] = (100, 250, 100, 100)
    """Baseline, perturbation, wash-out, perturbation again."""
    retention_trials: tuple[int, ...] = (100, 250)
    """Baseline, and each of A, B, A."""
    test_samples: int = 2000
    quick: bool = False

    @classmethod
    def small(cls) -> "Protocol":
        """All of it in some ten minutes of two cores: fewer networks, tries, updates and trials."""
        return cls(
            seeds=3, tuning_seeds=(100,), tries=10, tuning_updates=600, long_updates=1500, updates=600,
            online_samples=(200, 1_000, 3_000), adaptation_trials=(16, 64, 16, 16), retention_trials=(16, 32),
            test_samples=1000, quick=True,
        )  # fmt: skip
