"""What benchmarks measure the machine by: its clock, and its own matrix products."""

import time
from collections.abc import Callable

SIDE = 1024  # of the matrices
_PRODUCTS = 20  # in a row


def timed(work: Callable[[], object]) -> float:
    """Seconds that a call takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


class MatrixProducts:
    """Compiled float32 products of square matrices, which warm up when it is made."""

    def __init__(self):
        import tensorflow as tf

        self._product = tf.function(tf.matmul, jit_compile=True)
        self._square = tf.random.normal((SIDE, SIDE), seed=0)
        self._multiply()

    def rate(self) -> float:
        """Floating-point operations a second now, a multiplication and a sum two."""
        seconds = timed(lambda: [self._multiply() for _ in range(_PRODUCTS)])
        return _PRODUCTS * 2 * SIDE**3 / seconds

    def _multiply(self):
        self._product(self._square, self._square).numpy()


def said(rate: float) -> str:
    """The line in which a benchmark says the rate."""
    return f"float32 products of {SIDE} x {SIDE} matrices: {rate / 1e9:.0f} GFLOP/s"
