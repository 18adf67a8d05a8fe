"""How much of its codebook an image tokenizer uses."""

from collections.abc import Sequence

import numpy as np

from llmvis.errors import DataError


def codebook_use(codes: np.ndarray, codebook_size: int) -> tuple[float, float]:
    """Measures the use of a codebook. Higher is better for both.

    Args:
        codes: Any shape, integers in [0, codebook_size).
        codebook_size: How many codes there are.

    Returns:
        Share of the codes that occur, in [0, 1], and their perplexity: the number of
        equally frequent codes that would be as hard to guess, in [1, codebook_size].

    Raises:
        DataError: A code lies outside the codebook.
    """
    if codes.size == 0 or codes.min() < 0 or codes.max() >= codebook_size:
        raise DataError(
            f"codes must be some numbers in [0, {codebook_size}). These come from "
            "another image tokenizer: run `llmvis tokenize` again."
        )
    counts = np.bincount(codes.reshape(-1), minlength=codebook_size)
    shares = counts[counts > 0] / codes.size
    perplexity = float(np.exp(-np.sum(shares * np.log(shares))))
    return float(np.mean(counts > 0)), perplexity


def mean_codebook_use(
    codebooks: Sequence[tuple[np.ndarray, int]],
) -> tuple[float, float]:
    """Measures the use of several codebooks: each can collapse on its own.

    Args:
        codebooks: The codes and the size of each, at least one.

    Returns:
        Share of the codes of all that occur, in [0, 1], and their mean perplexity;
        higher is better for both.

    Raises:
        DataError: A code lies outside its codebook.
    """
    usages, perplexities = zip(*(codebook_use(*one) for one in codebooks), strict=True)
    usage = np.average(usages, weights=[size for _, size in codebooks])
    return float(usage), float(np.mean(perplexities))
