"""How different the pictures of one prompt are."""

import numpy as np

from llmvis.errors import DataError
from llmvis.metrics.figure import Figure, mean_of_clusters


def seed_diversity(features: np.ndarray, prompts: np.ndarray, seed: int) -> Figure:
    """Compares seeds of one prompt with pictures of other prompts.

    Args:
        features: Of generated pictures, shape `(N, F)`.
        prompts: What each was drawn from, shape `(N,)`.
        seed: Of the interval and of the pairing with other prompts.

    Returns:
        Mean distance between two seeds of a prompt, as a share of the mean distance
        between two prompts: 0 where the seed changes nothing, near 1 where the
        prompt does not.

    Raises:
        DataError: No two prompts have two seeds each.
    """
    names, members_N = np.unique(prompts, return_inverse=True)
    first, second = _pairs_within(members_N)
    if len(np.unique(members_N[first])) < 2:
        raise DataError(
            "Diversity between seeds needs two pictures of one prompt. Set "
            "evaluate.seeds_per_prompt to 2 or more."
        )
    distances = np.linalg.norm(features[first] - features[second], axis=1)
    others = np.random.default_rng(seed).permutation(len(features))
    elsewhere = members_N != members_N[others]
    typical = np.linalg.norm((features - features[others])[elsewhere], axis=1).mean()
    # Pictures that are all alike differ by nothing, whatever they are divided by.
    return mean_of_clusters(
        distances / (typical + 1e-12), names[members_N[first]], seed
    )


def _pairs_within(members_N: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    order = np.argsort(members_N, kind="stable")
    same = members_N[order][1:] == members_N[order][:-1]
    return order[:-1][same], order[1:][same]
