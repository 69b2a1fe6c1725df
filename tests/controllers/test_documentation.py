"""What docs/rules.md says of the rules is so."""

import re
from pathlib import Path

import numpy as np
import pytest

from armfa.controllers import MLP, RULES, SGD, TIME_RULES, Batch, SquaredError, train

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", RULES | TIME_RULES)
def test_every_rule_is_described_and_has_its_check(name):
    assert TEXT.count(f"`{name}`") >= 2


def test_every_test_that_is_named_exists():
    sources = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    named = re.findall(r"`(test_\w+)`", TEXT)
    assert len(named) > 15
    assert [name for name in named if f"def {name}(" not in sources] == []


class Teacher:
    """A linear teacher."""

    def batch(self, rng, size):
        inputs = rng.standard_normal((size, 5), np.float32)
        return Batch(inputs, SquaredError(inputs[:, :3]))

    def test(self):
        return self.batch(np.random.default_rng(1), 100)


def test_the_rule_written_there_trains():
    code: dict = {}
    exec(re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)[0], code)
    network = MLP((5, 20, 3), ("tanh", "linear"))
    curve = train(Teacher(), network, code["ErrorSum"](), SGD(0.1), seeds=2, updates=300, batch_size=16).curve
    assert (curve["nse"][-1] < 0.5).all()
