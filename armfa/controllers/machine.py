"""Two settings of the process that small training loops need: memory that is kept, and one BLAS thread."""

import contextlib
import ctypes
import functools
import importlib
import sys
from collections.abc import Iterator

MMAP_THRESHOLD, TRIM_THRESHOLD = -3, -1  # glibc's malloc.h: M_MMAP_THRESHOLD, M_TRIM_THRESHOLD
KEPT = 32 * 2**20  # bytes: the largest mmap threshold that every glibc accepts


@functools.cache
def keep_memory() -> bool:
    """Whether malloc now keeps freed blocks for the next array (glibc only; elsewhere nothing happens).

    By default glibc gives every block above 128 KiB back to the system when it is freed, so that each temporary of a
    pure function costs page faults: a hidden layer of 500 units at batch 128 is 256 KB. Measured for one 6-500-6
    update, one thread: 169 k samples/s as it is, 563 k with the thresholds raised (batch 128). Raising them for the
    process lets functions stay pure instead of writing into buffers.
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # absent from musl
    if mallopt is None:
        return False
    return all([mallopt(MMAP_THRESHOLD, KEPT) == 1, mallopt(TRIM_THRESHOLD, 4 * KEPT) == 1])


@contextlib.contextmanager
def one_blas_thread() -> Iterator[None]:
    """A block in which BLAS runs on one thread: two can make small products 60 times slower by spinning.

    Without threadpoolctl nothing is changed.

    Yields
    ------
    None
        `with one_blas_thread(): ...`
    """
    with contextlib.suppress(ModuleNotFoundError):
        importlib.import_module("scipy.linalg.blas")  # SciPy carries a BLAS of its own: only what is loaded is limited
    try:
        from threadpoolctl import threadpool_limits
    except ModuleNotFoundError:  # in a browser, which has one thread
        limits = contextlib.nullcontext()
    else:
        limits = threadpool_limits(limits=1, user_api="blas")
    with limits:
        yield
