"""The stress suite in short: a few tries of what `python -m armfa.benchmarks.stress` does for hours."""

import shutil

import numpy as np
import pytest

from armfa.benchmarks.stress import readers, steps
from armfa.benchmarks.stress.commands import WHO_WAITS, digests
from armfa.benchmarks.stress.lines import Line, kept, paged
from armfa.controllers import MLP
from armfa.runs import store
from armfa.runs.unit import Unit


def test_every_reader_refuses_damaged_files_in_words_or_finds_what_was_written():
    lines = list(readers.readers(0.0, seed=7))
    assert len(lines) == 7
    assert [line for line in lines if line.wrong or line.done < 20] == []


def test_a_reader_that_believes_what_it_reads_is_found_out(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(bytes(range(256)))
    believing = readers.Reader("believing", path, path.read_bytes, ())
    refusing = readers.Reader("raising", path, lambda: int(path.read_bytes()[0] / (path.read_bytes()[0] - 1)), ())
    greedy = readers.Reader("greedy", path, lambda: b"x" * 2**40, (), same=False)
    for reader in (believing, refusing, greedy):
        path.write_bytes(bytes(range(2, 256)))
        done, wrong, told = fed(reader)
        assert 0 < wrong <= done
        assert told


def fed(reader):
    """What `readers` finds of one reader that reads a file without harm before it is damaged."""
    whole, count = reader.path.read_bytes(), [0]

    def read():
        count[0] += 1
        if count[0] == 1:
            return whole
        return reader.read()

    (line,) = readers.of_each([reader._replace(read=read)], 0.0, seed=1)
    return line.done, line.wrong, line.told


def test_every_module_that_waits_between_files_has_the_constant_that_stress_shortens(tmp_path, monkeypatch):
    for module in WHO_WAITS:
        monkeypatch.setattr(module, "SECONDS_BETWEEN_FILES", 0.0)  # raises where there is none
    checkpoint = store.FileCheckpoint(tmp_path, "toy", MLP((2, 2)), Unit("unit", {}, 0.0))
    checkpoint.path.parent.mkdir()
    checkpoint.save(lambda: {"done": np.array(7)})
    assert checkpoint.load()["done"] == 7


def test_random_commands_keep_the_contract_of_environments():
    lines = list(steps.steps(0.0, seed=5, arms=("torque",)))
    assert [line for line in lines if line.wrong] == []
    assert sum(line.done for line in lines) == steps.ARMS * steps.LONGEST


def test_counts_of_several_calls_add_up_in_the_table_of_a_page(tmp_path):
    counts, page = tmp_path / "counts.csv", tmp_path / "page.md"
    page.write_text("# Trust\n\n## Stress\n\nWords.\n\n| old |\n|---|\n\n## After\n\n| kept |\n", encoding="utf-8")
    for seed in (1, 2):
        kept(counts, [Line("kills", "of `train`, then on", 30, seed - 1, "other bits: a, b")], seed, 1.0)
        paged(page, counts)
    text = page.read_text(encoding="utf-8")
    assert "| kills | of `train`, then on | 60 | 1 | other bits: a, b |" in text
    assert "Words." in text and "| old |" not in text and "| kept |" in text
    assert text.count("## Stress") == text.count("## After") == 1


@pytest.mark.parametrize("change", ["array", "table", "gone"])
def test_other_results_have_other_digests_and_other_times_have_not(change, tmp_path):
    for name in ("one", "other"):
        folder = tmp_path / name
        folder.mkdir()
        np.savez(folder / "run.npz", nse=np.zeros(3), header=np.array(name))
        (folder / "table.csv").write_text(f"rule,seconds\nbackprop,{len(name)}\n")
    assert digests(tmp_path / "one") == digests(tmp_path / "other")
    if change == "array":
        np.savez(tmp_path / "other" / "run.npz", nse=np.array([0.0, 0.0, 1e-300]))
    elif change == "table":
        (tmp_path / "other" / "table.csv").write_text("rule,seconds\nshallow,5\n")
    else:
        shutil.rmtree(tmp_path / "other")
        (tmp_path / "other").mkdir()
    assert digests(tmp_path / "one") != digests(tmp_path / "other")
