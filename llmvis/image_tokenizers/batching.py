"""Runs a compiled function over any number of rows, so that one graph serves all."""

from collections.abc import Callable

import numpy as np

_LARGEST = 64  # rows at once


def in_batches(function: Callable, *arrays: np.ndarray):
    """Applies `function` to batches of one size.

    Args:
        function: From arrays of `_LARGEST` rows to one array, or a tuple of them.
        arrays: All with the same number of rows, at least one.

    Returns:
        What `function` returns for all rows, as numpy arrays.
    """
    rows, batches = len(arrays[0]), []
    for start in range(0, rows, _LARGEST):
        # The last batch is filled up with its own last row.
        picked = np.arange(start, start + _LARGEST).clip(max=rows - 1)
        made = function(*(array[picked] for array in arrays))
        parts = made if isinstance(made, tuple) else (made,)
        batches.append([np.asarray(part)[: rows - start] for part in parts])
    whole = tuple(np.concatenate(parts) for parts in zip(*batches, strict=True))
    return whole if isinstance(made, tuple) else whole[0]
