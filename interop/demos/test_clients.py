"""The scripts that put the environments into other people's hands, in their small form."""

import runpy
import sys
from pathlib import Path

import pytest

DEMOS = Path(__file__).parent.parent.parent / "demos"


@pytest.mark.parametrize("name", ["single_file_ppo", "single_file_sac"])
def test_the_single_files_finish_episodes_and_learn(name, capsys, tmp_path):
    module = runpy.run_path(str(DEMOS / f"{name}.py"))
    logs = {"tensorboard": str(tmp_path)} if name == "single_file_ppo" else {}
    returns = module["main"](module["Settings"](small=True, **logs))
    assert -250.0 < returns < 0.0 and "success" in capsys.readouterr().out
    assert len(list(tmp_path.iterdir())) == len(logs)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")  # TorchRL's own, at its import
def test_torchrl_rolls_out_one_arm_and_many():
    main = runpy.run_path(str(DEMOS / "torchrl_rollouts.py"))["main"]
    assert -1.0 < main(arms=4, steps=128) < 0.0


@pytest.mark.filterwarnings("ignore:`.*` is set to None:UserWarning", "ignore:Implicitly cleaning up:ResourceWarning")
def test_minari_keeps_movements_and_replays_them_exactly(monkeypatch, tmp_path):
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path))
    main = runpy.run_path(str(DEMOS / "minari_dataset.py"))["main"]
    assert main(episodes=2) == 0.0
    assert (tmp_path / "armfa").is_dir() and "minari" in sys.modules
