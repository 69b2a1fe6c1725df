"""Files that are damaged, of another kind, or declare more than they hold."""

import io
import json
import tracemalloc
import zipfile

import numpy as np
import pytest

from armfa.controllers import MLP, SGD, Batch, CheckpointError, Policy, SquaredError, load_policy, train
from armfa.controllers.checkpoint import pack, read

NETWORK = MLP((6, 5, 6))
POLICY = Policy(NETWORK, NETWORK.init(np.random.default_rng(0)), about={"arm": "li_todorov"})


def header(**changes):
    settings = {"kind": "policy", "circuit": "MLP", "network": {"sizes": [6, 20000, 20000, 6]}}
    return np.array(json.dumps({"format": 3, "settings": settings, "extra": {}, "axes": [[0, 1]] * 5} | changes))


def npy(shape, content=b"", dtype="<f4"):
    """The bytes of an array that declares a shape."""
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": dtype, "fortran_order": False, "shape": shape})
    return file.getvalue() + content


def written(path, members, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as file:
        for name, content in members.items():
            file.writestr(name, content)


def array_bytes(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def small_file_of_a_huge_network(path):
    np.savez(path, header=header(), **{f"array_{k}": np.zeros((2, 2), np.float32) for k in range(5)})


def deflated_zeros(path):
    zeros = np.zeros(2**22, np.float32)
    np.savez_compressed(path, header=header(), **{f"array_{k}": zeros for k in range(5)})


def declared_shape_of_1e11(path):
    written(path, {"header.npy": array_bytes(header()), "array_0.npy": npy((100_000, 1_000_000))})


def settings_of_a_huge_length(path):
    written(path, {"header.npy": npy((), dtype="<U4000000000"), "array_0.npy": npy((2,), b"\0" * 8)})


def deeply_nested_json(path):
    np.savez(path, header=np.array("[" * 3_000_000), array_0=np.zeros(2))


def a_thousand_names_for_one_array(path):
    written(path, {"header.npy": array_bytes(header()), "array_0.npy": array_bytes(np.zeros(100_000))})
    content = bytearray(path.read_bytes())
    at = content.rindex(b"PK\x01\x02")  # the last entry of the directory: the array's
    entry, tail = bytes(content[at : content.rindex(b"PK\x05\x06")]), content[content.rindex(b"PK\x05\x06") :]
    size = len(content) - len(tail) - content.index(b"PK\x01\x02") + 999 * len(entry)
    tail[8:12] = (1001).to_bytes(2, "little") * 2
    tail[12:16] = size.to_bytes(4, "little")
    path.write_bytes(bytes(content[: at + len(entry)]) + entry * 999 + bytes(tail))


HUGE = [
    small_file_of_a_huge_network, deflated_zeros, declared_shape_of_1e11, settings_of_a_huge_length,
    deeply_nested_json, a_thousand_names_for_one_array,
]  # fmt: skip


@pytest.mark.parametrize("make", HUGE, ids=lambda make: make.__name__)
def test_files_that_declare_more_than_they_hold_are_refused_by_name_before_memory_is_taken(tmp_path, make):
    path = tmp_path / "policy.npz"
    make(path)
    tracemalloc.start()
    with pytest.raises(CheckpointError, match=r"policy\.npz: "):
        load_policy(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100e6


def test_every_single_changed_byte_is_noticed_or_changes_nothing(tmp_path):
    path = tmp_path / "policy.npz"
    POLICY.save(path)
    content, rng = path.read_bytes(), np.random.default_rng(0)
    observation = np.linspace(-1, 1, 6)
    for place in rng.integers(0, len(content), 400):
        damaged = bytearray(content)
        damaged[place] ^= 1 << rng.integers(8)
        path.write_bytes(damaged)
        try:
            again = load_policy(path)
        except CheckpointError as error:
            assert str(error).startswith(str(path))
            continue
        np.testing.assert_array_equal(again(observation), POLICY(observation))


@pytest.mark.parametrize("kind", ["text", "nothing", "picture", "folder", "array", "other npz", "half"])
def test_what_is_no_file_of_ours_is_refused_and_nobody_is_told_to_delete_it(tmp_path, kind):
    path = tmp_path / "notes.npz"
    POLICY.save(tmp_path / "policy.npz")
    if kind == "folder":
        path.mkdir()
    elif kind == "other npz":
        np.savez(path, data=np.arange(3))
    else:
        whole = (tmp_path / "policy.npz").read_bytes()
        contents = {
            "text": b"dear diary", "nothing": b"", "picture": b"\x89PNG\r\n" + bytes(99),
            "array": array_bytes(np.eye(3)), "half": whole[: len(whole) // 2],
        }  # fmt: skip
        path.write_bytes(contents[kind])
    with pytest.raises(CheckpointError, match=r"notes\.npz: ") as told:
        load_policy(path)
    assert "delete" not in str(told.value)


class Teacher:
    """A linear teacher."""

    def batch(self, rng, size):
        inputs = rng.standard_normal((size, 6), np.float32)
        return Batch(inputs, SquaredError(inputs))

    def test(self):
        return self.batch(np.random.default_rng(1), 20)


def test_a_run_does_not_go_on_from_a_policy_and_a_run_is_no_policy(tmp_path):
    def run(path):
        return train(Teacher(), NETWORK, "backprop", SGD(0.1), seeds=1, updates=4, batch_size=4, checkpoint=path)

    POLICY.save(tmp_path / "policy.npz")
    before = (tmp_path / "policy.npz").read_bytes()
    with pytest.raises(CheckpointError, match=r"policy\.npz: made with"):
        run(tmp_path / "policy.npz")
    assert (tmp_path / "policy.npz").read_bytes() == before
    run(tmp_path / "run.npz")
    with pytest.raises(CheckpointError, match="expected a saved policy, got a training run"):
        load_policy(tmp_path / "run.npz")


def test_a_policy_of_the_first_release_is_still_read(tmp_path):
    settings = {"kind": "policy", "network": {"sizes": [6, 5, 6]}}
    packed = pack((POLICY.params, [np.asarray(value) for value in POLICY[2:6]]), settings, POLICY.about)
    old = json.loads(str(packed["header"])) | {"format": 2}
    np.savez(tmp_path / "old.npz", **packed | {"header": np.array(json.dumps(old))})
    np.testing.assert_array_equal(load_policy(tmp_path / "old.npz")(np.ones(6)), POLICY(np.ones(6)))


def test_what_a_policy_says_about_itself_may_be_nested_at_will(tmp_path):
    about = {"arm": {"links": [{"mass": 1.4, "muscles": [["a", 1], None, True]}]}, "ünïcode": "µ"}
    for _ in range(50):
        about = {"inner": about}
    POLICY._replace(about=about).save(tmp_path / "policy.npz")
    assert load_policy(tmp_path / "policy.npz").about == about
    assert read(tmp_path / "policy.npz")[1]["extra"] == about
