"""Memory that is kept, one BLAS thread, and stacks of trees."""

import sys
from typing import NamedTuple

import numpy as np
import pytest
import threadpoolctl

from armfa.controllers import Streams, keep_memory, one_blas_thread, stack, take, unstack


@pytest.mark.parametrize("size", [2**16, 2**20])
def test_large_temporaries_cost_no_page_faults_once_memory_is_kept(size):
    if not (sys.platform.startswith("linux") and keep_memory()):
        return  # nothing to promise where malloc is not glibc's
    import resource

    values = np.ones(size, np.float32)

    def faults():
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        for _ in range(50):
            (values + 1.0) * 2.0
        return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

    faults()
    assert faults() < 50 * size * 4 / 4096 * 0.1  # a tenth of the pages that would be touched anew


def test_blas_runs_on_one_thread_inside_the_block_and_as_before_outside():
    def threads():
        return {pool["num_threads"] for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"}

    before = threads()
    with one_blas_thread():
        assert threads() == {1}
    assert threads() == before


class Point(NamedTuple):
    x: np.ndarray
    name: str
    nothing: None = None


def test_stacked_trees_come_apart_again_and_settings_pass_through():
    trees = [{"a": Point(np.full(3, float(n)), "same"), "b": [np.array([n])]} for n in range(4)]
    stacked = stack(trees)
    assert stacked["a"].x.shape == (4, 3) and stacked["a"].name == "same" and stacked["a"].nothing is None
    for number, tree in enumerate(unstack(stacked)):
        np.testing.assert_array_equal(tree["a"].x, trees[number]["a"].x)
        np.testing.assert_array_equal(tree["b"][0], [number])
    np.testing.assert_array_equal(take(stacked, 2)["b"][0], [2])


def test_a_tree_without_arrays_needs_a_length():
    assert unstack((), 2) == [(), ()]
    with pytest.raises(ValueError, match="expected a tree with an array in it"):
        unstack(())


def test_streams_draw_for_each_network_what_its_own_generator_draws():
    both = Streams([np.random.default_rng(1), np.random.default_rng(2)])
    alone = np.random.default_rng(2)
    np.testing.assert_array_equal(
        both.standard_normal((3, 2), np.float32)[1], alone.standard_normal((3, 2), np.float32)
    )
    np.testing.assert_array_equal(both.uniform(-1, 2, (4,))[1], alone.uniform(-1, 2, (4,)))
