"""Learning curves as files."""

import importlib.util

import pytest

from armfa.commands.adapt import Adapt
from armfa.commands.compare import Compare, compare
from armfa.commands.learn import Learn
from armfa.commands.train import Train

SENTENCE = r'--tensorboard needs a package more: pip install "armfa\[tensorboard\]"'


@pytest.mark.parametrize("command", [Adapt, Learn, Train, lambda **flags: compare(Compare(**flags))])
def test_logs_that_cannot_be_written_are_refused_before_anything_is_trained(command, monkeypatch, tmp_path):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match=SENTENCE):
        command(out=tmp_path / "run", tensorboard=True)
    assert not list(tmp_path.iterdir())
