"""The commands, as a user types them."""

import csv
import errno
import json
import os
import shutil
import subprocess
import sys
import types
from pathlib import Path
from typing import get_args, get_type_hints

import numpy as np
import pytest
from PIL import Image, ImageSequence

import armfa
from armfa.__main__ import main as start
from armfa.cli import COMMANDS, main
from armfa.commands.flags import at_home
from armfa.commands.showing import has_display
from armfa.commands.train import with_spread
from armfa.controllers import RULES, load_policy

SMALL = ["--updates", "60", "--hidden", "12", "--seeds", "2", "--processes", "1"]
SMALL += ["--frame-size", "64", "--frames-per-second", "1"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The folder of a very short training."""
    folder = tmp_path_factory.mktemp("cli") / "run"
    assert main(["train", *SMALL, "--out", str(folder)]) == 0
    return folder


def test_train_leaves_settings_curves_parameters_pictures_and_a_table(trained):
    assert json.loads((trained / "settings.json").read_text())["updates"] == 60
    for name in ("learning.png", "paths.png", "reaching.gif", "table.csv", "curves.csv"):
        assert (trained / name).stat().st_size > 100
    assert len(list((trained / "controllers").glob("*.npz"))) == 8
    rows = (trained / "table.csv").read_text().splitlines()
    assert len(rows) == 5 and rows[0].startswith("arm,rule,n,nse")


def test_train_starts_every_rule_from_the_same_error(trained):
    rows = [line.split(",") for line in (trained / "curves.csv").read_text().splitlines()[1:]]
    starts = {row[0]: row[4] for row in rows if row[1] == "0" and row[2] == "0"}
    assert starts["backprop"] == starts["feedback-alignment"] == starts["shallow"]


def test_a_run_that_lost_a_unit_is_resumed_to_the_same_curves(trained, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(trained, copy)
    before = (copy / "curves.csv").read_bytes()
    (copy / "runs" / "arm" / "li_todorov_backprop.json").unlink()
    (copy / "curves.csv").unlink()
    assert main(["train", "--resume", str(copy), "--processes", "1"]) == 0
    assert (copy / "curves.csv").read_bytes() == before


@pytest.mark.parametrize("command", ["watch", "play"])
def test_watch_and_play_write_an_animation_where_there_is_no_display(trained, tmp_path, command):
    assert not has_display()
    file = tmp_path / "film.gif"
    assert main([command, str(trained), "--seconds", "0.2", "--out", str(file)]) == 0
    with Image.open(file) as film:
        assert film.n_frames == 5
        frames = [np.asarray(frame.convert("RGB"), int) for frame in ImageSequence.Iterator(film)]
    assert np.abs(frames[4] - frames[0]).max() > 50  # something moves


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["watch", "nowhere"], "expected a folder that `armfa train` wrote"),
        (["train", "--resume", "nowhere"], "holds no run to continue"),
        (["train", "--out", __file__], "is a file"),
    ],
)
def test_what_a_user_can_mend_is_one_sentence(arguments, sentence, capsys):
    assert main(arguments) == 2
    out = " ".join(capsys.readouterr().out.split())
    assert sentence in out
    assert "Traceback" not in out


def test_a_missing_controller_is_named_with_those_that_are_there(trained, capsys):
    assert main(["watch", str(trained), "--seed", "7"]) == 2
    assert "it holds backprop_0" in " ".join(capsys.readouterr().out.split())


def test_without_a_rule_the_first_controller_there_is_shown(trained, tmp_path):
    folder = tmp_path / "controllers"
    folder.mkdir()
    for seed in (0, 1):
        shutil.copy(trained / "controllers" / f"shallow_{seed}.npz", folder)
    assert main(["watch", str(tmp_path), "--seconds", "0.1", "--out", str(tmp_path / "film.gif")]) == 0


def test_a_controller_that_does_not_say_what_it_moves_is_refused(trained, tmp_path, capsys):
    policy = load_policy(trained / "controllers" / "backprop_0.npz")
    (tmp_path / "controllers").mkdir()
    policy._replace(about={"arm": "li_todorov"}).save(tmp_path / "controllers" / "mine_0.npz")
    assert main(["watch", str(tmp_path), "--out", str(tmp_path / "film.gif")]) == 2
    assert "no dt, integrator" in " ".join(capsys.readouterr().out.split())


def test_a_run_is_not_written_over(trained, capsys):
    assert main(["train", *SMALL, "--out", str(trained)]) == 2
    assert "--resume" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["train", "--seed", "3"], "--seeds"),
        (["train", "--seeds", "0"], "expected --seeds of at least 1, got 0"),
        (["train", "--seeds", "many"], "--seeds"),
        (["train", "--arm", "octopus"], "li_todorov"),
        (["train", "--arm", "katayama_kawato", "--activation", "first_order"], "katayama_kawato"),
        (["train", "--rules", "backprop,backprop"], "each once"),
        (["train", "--rules", "backprop,octopus"], "feedback-alignment"),
        (["train", "--dt", "1e-9"], "expected --dt from 0.0001"),
        (["reproduce", "--quick", "--paper-size"], "got both"),
        (["reproduce", "--only", "mnist", "--paper-size"], "spiking"),
        (["reproduce", "--only", "mnits"], "'mnits'"),
        (["learn", "--foo"], "armfa learn --help"),
        (["learn", "Reaching"], "armfa learn --help"),
        (["--foo"], "armfa --help"),
        (["watch", "run", "--out", "film.avi"], "ends in .gif or .mp4"),
        (["watch", "run", "--seconds", "inf"], "expected --seconds"),
        (["trian"], "train"),
    ],
)
def test_wrong_words_end_with_status_2_and_what_was_expected(arguments, sentence, capsys):
    with pytest.raises(SystemExit) as exit:
        main(arguments)
    assert exit.value.code == 2
    assert sentence in capsys.readouterr().err


def test_a_run_goes_on_with_its_own_settings_and_tells_them(trained, capsys):
    assert main(["train", "--resume", str(trained)]) == 0
    assert "its own settings: --seeds 2, --updates 60, --hidden 12" in " ".join(capsys.readouterr().out.split())


def test_flags_beside_resume_that_ask_for_other_settings_are_refused(trained, capsys):
    assert main(["train", "--resume", str(trained), "--seeds", "3"]) == 2
    assert "was begun with --seeds 2" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("kind", [kind for kind, _ in COMMANDS.values()], ids=lambda kind: kind.__name__)
def test_paths_of_every_command_may_be_words_with_a_tilde(kind, monkeypatch):
    monkeypatch.setenv("HOME", "/home/somebody")
    hints = get_type_hints(kind)
    paths = [name for name, hint in hints.items() if hint is Path or Path in get_args(hint)]
    needed = {"field": "curl"} if kind.__name__ == "Adapt" else {}
    found = at_home(kind(**needed, **{name: "~/here.gif" for name in paths}))
    assert all(getattr(found, name) == Path("/home/somebody/here.gif") for name in paths)
    assert paths or kind is COMMANDS["rules"][0]


def test_a_run_goes_on_to_more_updates_and_says_so(trained, tmp_path, capsys):
    shutil.copytree(trained, folder := tmp_path / "run")
    assert main(["train", "--resume", str(folder), "--updates", "80", "--processes", "1", "--quiet"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "on from 60 to 80 updates, from there with the rates of a run of 80 updates" in said
    kept = json.loads((folder / "settings.json").read_text())
    assert (kept["updates"], kept["extended"]) == (80, [60])
    facts = json.loads((folder / "runs" / "arm" / "li_todorov_backprop.json").read_text())
    assert facts["settings"]["extended"] == [60]
    assert (folder / "curves.csv").read_text().splitlines()[-1].split(",")[2:4] == ["80", str(80 * 16)]


def test_a_run_is_not_asked_for_fewer_updates_than_it_has(trained, capsys):
    assert main(["train", "--resume", str(trained), "--updates", "10"]) == 2
    said = " ".join(capsys.readouterr().out.split())
    assert "was begun with --updates 60: expected more, to go on to, got 10" in said


def test_a_disk_that_cannot_be_written_is_one_sentence(trained, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert main(["watch", str(trained), "--seconds", "0.1", "--out", str(tmp_path / "file" / "film.gif")]) == 2
    assert "armfa: " in capsys.readouterr().out


def test_the_version_is_told(capsys):
    assert main(["--version"]) == 0
    assert armfa.__version__ in capsys.readouterr().out


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_explains_itself(command, capsys):
    with pytest.raises(SystemExit) as exit:
        main([command, "--help"])
    assert exit.value.code == 0
    text = capsys.readouterr().out
    assert len(text) > 300


BAD = [
    json.dumps({name: value})
    for name, value in {"updates": 0, "seeds": 2.5, "hidden": "many", "rules": 3, "dt": "fast", "octopus": 1}.items()
]


@pytest.mark.parametrize("content", ["{", "[]", "[" * 100_000, *BAD])
def test_damaged_settings_of_a_run_are_said_to_be_damaged(tmp_path, content, capsys):
    (tmp_path / "settings.json").write_text(content)
    assert main(["train", "--resume", str(tmp_path)]) == 2
    assert "is damaged" in " ".join(capsys.readouterr().out.split())


def test_a_target_out_of_the_workspace_is_brought_into_it(trained):
    from armfa.commands.showing import Follower
    from armfa.controllers import load_policy

    follower = Follower(load_policy(trained / "controllers" / "backprop_0.npz"))
    inside = np.array([0.0, 0.4])
    assert np.allclose(follower.workspace(inside), inside)
    far = follower.workspace(np.array([0.0, 5.0]))
    assert far[1] > 0.55 and np.hypot(*far) < follower.arm.reach


def test_ctrl_c_while_the_command_is_still_loading_is_no_traceback(monkeypatch):
    class Interrupted(types.ModuleType):
        def __getattr__(self, name):
            raise KeyboardInterrupt

    monkeypatch.setitem(sys.modules, "armfa.cli", Interrupted("armfa.cli"))
    assert start() == 130


def command(*arguments, **environment):
    """The command line in a process of its own: (status, what it printed)."""
    root = str(Path(armfa.__file__).parents[1])
    environment = {**os.environ, "PYTHONPATH": root, **environment}
    done = subprocess.run([sys.executable, "-m", "armfa", *map(str, arguments)], capture_output=True, env=environment)
    return done.returncode, (done.stdout + done.stderr).decode(errors="replace")


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_an_output_that_takes_few_signs_is_no_place_of_failure(trained, encoding):
    status, said = command("train", "--resume", trained, PYTHONIOENCODING=encoding)
    assert status == 0, said
    assert "backprop" in said and "Traceback" not in said
    assert command("rules", PYTHONIOENCODING=encoding)[0] == 0


def test_a_home_folder_that_is_not_there_is_no_place_of_failure(trained, tmp_path):
    nowhere = {name: str(tmp_path / "nowhere" / name) for name in ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME")}
    status, said = command("train", "--resume", trained, **nowhere)
    assert status == 0 and "Traceback" not in said


@pytest.mark.parametrize("name", ["m[/y]", "[bold]", "a b"])
def test_the_name_of_a_folder_is_printed_as_it_is(trained, tmp_path, name, capsys):
    shutil.copytree(trained, tmp_path / name)
    assert main(["train", "--resume", str(tmp_path / name)]) == 0
    assert f"armfa watch {tmp_path / name}" in " ".join(capsys.readouterr().out.split())


def test_a_tilde_in_a_flag_is_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert (
        main(["compare", "--rules", "backprop", "--seeds", "1", "--updates", "2", "--processes", "1", "--out=~/c"]) == 0
    )
    assert main(["compare", "--resume=~/c"]) == 0
    assert [path.name for path in tmp_path.iterdir() if not path.name.startswith(".")] == ["c"]


def test_a_folder_where_a_file_belongs_is_one_sentence_with_what_to_do(trained, tmp_path, capsys):
    shutil.copytree(trained, tmp_path / "copy")
    (tmp_path / "copy" / "table.csv").unlink()
    (tmp_path / "copy" / "table.csv").mkdir()
    assert main(["train", "--resume", str(tmp_path / "copy")]) == 2
    said = " ".join(capsys.readouterr().out.split())
    assert "table.csv: Is a directory; a folder is where a file belongs" in said


def test_a_full_disk_is_one_sentence_with_what_to_do(trained, monkeypatch, capsys):
    def full(*arguments):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("armfa.files.os.fsync", full)
    assert main(["train", "--resume", str(trained)]) == 2
    assert "No space left on device; make room, then go on with --resume" in " ".join(capsys.readouterr().out.split())


def test_a_folder_that_is_removed_while_it_is_used_is_missed(trained, tmp_path, monkeypatch, capsys):
    def remove(*arguments, **flags):
        shutil.rmtree(tmp_path / "copy")
        return []

    shutil.copytree(trained, tmp_path / "copy")
    monkeypatch.setattr("armfa.runs.sweep.run_missing", remove)
    assert main(["train", "--resume", str(tmp_path / "copy")]) == 2
    assert "is not there any more" in " ".join(capsys.readouterr().out.split())


def test_litter_of_killed_commands_is_cleared_at_the_next_start(trained):
    litter = trained / "runs" / "arm" / f".li_todorov_backprop.npz.{2**22 + 1}-01234567.part"
    litter.write_text("half")
    assert main(["train", "--resume", str(trained)]) == 0
    assert not litter.exists()


def test_quiet_prints_the_results_and_no_progress(tmp_path, capsys):
    flags = ["--rules", "backprop", "--seeds", "2", "--updates", "4", "--processes", "1"]
    for out, quiet in (("loud", []), ("quiet", ["--quiet"])):
        assert main(["compare", *flags, "--out", str(tmp_path / out), *quiet]) == 0
        said = capsys.readouterr().out
        assert ("1 of 1" in said) == (not quiet) and "NSE" in said


def test_the_second_ctrl_c_waits_for_nothing(tmp_path):
    code = (
        "import armfa.__main__ as m, os, signal, sys, types\n"
        "def main():\n"
        "    try:\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
        "    finally:\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
        "fake = types.ModuleType('armfa.cli')\n"
        "fake.main = main\n"
        "sys.modules['armfa.cli'] = fake\n"
        "m.main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=Path(armfa.__file__).parents[1]
    )
    assert done.returncode == 130
    assert "Traceback" not in done.stderr and "stopped at once" in done.stderr


TINY = ["--updates", "4", "--seeds", "2", "--batch-size", "4", "--processes", "1", "--quiet"]


def test_every_rule_that_can_gives_a_controller(tmp_path):
    names = [name for name in RULES if name != "direct-random-target"]
    assert main(["train", "--rules", ",".join(names), *TINY, "--hidden", "6", "--out", str(tmp_path / "run")]) == 0
    there = {path.stem for path in (tmp_path / "run" / "controllers").glob("*.npz")}
    assert there == {f"{name}_{seed}" for name in names for seed in (0, 1)}
    with (tmp_path / "run" / "table.csv").open(newline="") as file:
        assert [row["rule"] for row in csv.DictReader(file)] == names


def test_depth_rates_nonlinearity_and_first_seed_are_flags(tmp_path):
    flags = ["--hidden", "8", "6", "--rates", "0.5", "--nonlinearity", "relu", "--first-seed", "3"]
    out = str(tmp_path / "run")
    assert main(["train", "--rules", "backprop,feedback_alignment", *TINY, *flags, "--out", out]) == 0
    policy = load_policy(tmp_path / "run" / "controllers" / "feedback-alignment_4.npz")
    assert policy.network.sizes == (6, 8, 6, 6)
    assert policy.network.nonlinearities == ("relu", "relu", "tanh")
    assert main(["watch", out, "--rule", "backprop", "--seed", "3", "--seconds", "0.1", "--out", f"{out}.gif"]) == 0


OWN_RULE = """
from dataclasses import dataclass
from armfa.controllers import FeedbackAlignment

@dataclass(frozen=True)
class Own(FeedbackAlignment):
    scale: float = 0.25
"""


def test_a_rule_of_ones_own_is_trained_compared_and_watched(tmp_path, monkeypatch):
    (tmp_path / "own.py").write_text(OWN_RULE)
    monkeypatch.chdir(tmp_path)
    assert main(["train", "--rules", "own.py:Own", *TINY, "--hidden", "6", "--out", "run"]) == 0
    assert main(["watch", "run", "--seconds", "0.1", "--out", "film.gif"]) == 0
    small = ["--problem", "hand-velocity", "--seeds", "2", "--updates", "2", "--processes", "1", "--quiet"]
    assert main(["compare", "--rules", "backprop,own.py:Own", *small, "--out", "both"]) == 0
    assert main(["watch", "both", "--rule", "Own", "--seconds", "0.1", "--out", "film.gif"]) == 0
    monkeypatch.chdir("/")
    assert main(["train", "--resume", str(tmp_path / "run")]) == 0


def test_a_rule_of_ones_own_that_was_changed_is_trained_anew(tmp_path, capsys):
    (tmp_path / "own.py").write_text(OWN_RULE)
    flags = ["--rules", f"{tmp_path / 'own.py'}:Own", *TINY[:-1], "--hidden", "6", "--out", str(tmp_path / "run")]
    assert main(["train", *flags]) == 0
    (tmp_path / "own.py").write_text(OWN_RULE.replace("0.25", "0.5"))
    capsys.readouterr()
    assert main(["train", "--resume", str(tmp_path / "run")]) == 0
    assert "1 of 1  arm: li_todorov_Own" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "there is no"),
        ("x = (", "cannot be run: SyntaxError"),
        ("class Own: pass", "it holds none"),
        (OWN_RULE.replace("Own", "Other"), "it holds Other"),
    ],
)
def test_a_rule_of_ones_own_that_is_none_is_refused(tmp_path, content, sentence, capsys):
    if content is not None:
        (tmp_path / "own.py").write_text(content)
    out = str(tmp_path / "run")
    with pytest.raises(SystemExit):
        raise SystemExit(main(["train", "--rules", f"{tmp_path / 'own.py'}:Own", *TINY, "--out", out]))
    said = capsys.readouterr()
    assert sentence in " ".join((said.out + said.err).replace("│", " ").split())
    assert not (tmp_path / "run").exists()


def test_a_rule_that_cannot_learn_the_arm_is_refused(tmp_path, capsys):
    assert main(["train", "--rules", "direct-random-target", *TINY, "--out", str(tmp_path / "run")]) == 2
    assert "direct-random-target cannot learn the arm: it needs" in " ".join(capsys.readouterr().out.split())
    assert not (tmp_path / "run").exists()


def test_size_and_rate_of_a_film_are_flags(trained, tmp_path):
    flags = ["--frame-size", "100", "--frames-per-second", "10", "--seconds", "0.5"]
    assert main(["watch", str(trained), *flags, "--out", str(tmp_path / "film.gif")]) == 0
    with Image.open(tmp_path / "film.gif") as film:
        assert (film.size, film.n_frames) == ((100, 100), 5)
    assert main(["train", "--resume", str(trained), "--frame-size", "100"]) == 0
    with Image.open(trained / "reaching.gif") as film:
        assert film.size == (100, 100)


def test_numbers_have_the_digits_that_their_spread_leaves_them():
    assert with_spread(0.000724, 0.0000512) == "0.00072 ± 0.00005"
    assert with_spread(0.0603, 0.00097) == "0.060 ± 0.001"
    assert with_spread(12.3, 4.2) == "12 ± 4"
    assert with_spread(0.000724, float("nan")) == "0.00072"
