"""How the pictures as a whole compare with real ones."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from llmvis import storage
from llmvis.evaluation.asking import Asked
from llmvis.metrics.coverage import coverage
from llmvis.metrics.figure import LEAST_OF_A_SET, Figure, mean_of_clusters
from llmvis.metrics.frechet import frechet_distance
from llmvis.metrics.kid import kernel_distance
from llmvis.metrics.memorisation import USUAL_COPIES, is_copy, nearest, thumbnails
from llmvis.metrics.seed_diversity import seed_diversity
from llmvis.metrics.vendi import vendi_score

Features = Callable[[np.ndarray], np.ndarray]  # pictures to features, (N, F)

MOST = 2000  # pictures of each set; the time and the memory grow with its square

_FID_LEAST = 2048  # features of Inception v3: fewer pictures do not span them


def compare_sets(reals: np.ndarray, samples: np.ndarray, seed: int) -> dict:
    """Compares real and drawn pictures by one kind of features.

    Args:
        reals: Features of real pictures, shape `(N, F)`.
        samples: Features of drawn pictures, shape `(M, F)`.
        seed: Of the choice of `MOST` pictures and of the intervals.

    Returns:
        A figure for each of `kid`, `precision`, `recall`, `density`, `coverage`,
        `vendi` and `vendi_real`; see `metrics` for what they mean.
    """
    rng = np.random.default_rng(seed)
    size = min(len(reals), len(samples), MOST)
    reals = reals[rng.permutation(len(reals))[:size]].astype("float64")
    samples = samples[rng.permutation(len(samples))[:size]].astype("float64")
    # One scale for all: a feature that no real picture moves would, on a scale of its
    # own, drown the others as soon as a sample moves it.
    centre_F, scale = reals.mean(axis=0), np.sqrt(reals.var(axis=0).mean()) + 1e-12
    reals, samples = (reals - centre_F) / scale, (samples - centre_F) / scale
    # These are many small matrices: on several threads that a busy machine keeps
    # apart, one decomposition was seen to take seconds in place of milliseconds.
    with threadpool_limits(1, user_api="blas"):
        return {
            "kid": kernel_distance(reals, samples, seed),
            **coverage(reals, samples, seed),
            "vendi": vendi_score(samples, seed),
            "vendi_real": vendi_score(reals, seed),
        }


def too_few_note(reals: np.ndarray) -> list[str]:
    """Says why sets are not compared, where there are too few real pictures for it."""
    if len(reals) >= LEAST_OF_A_SET:
        return []
    return [
        f"The prompts describe {len(reals)} different pictures, and comparing drawn "
        f"and real pictures as a whole takes {LEAST_OF_A_SET}: that is left out. Put "
        "more captioned pictures into the splits that are asked, or raise "
        "evaluate.num_prompts."
    ]


def read_inception(weights: str | None) -> Features | None:
    """Reads Inception v3, where it is wanted: early, lest it stop a report half way.

    Raises:
        StorageError: The weights are not there, or are another network's.
    """
    from llmvis.metrics.image_features import InceptionFeatures  # TensorFlow: late

    return None if weights is None else InceptionFeatures(Path(weights))


def inception(
    reals: np.ndarray, samples: np.ndarray, features: Features, seed: int
) -> dict:
    """Computes FID proper, of as many drawn pictures as real ones.

    Args:
        reals: Real pictures, shape `(N, H, W, 3)`, uint8.
        samples: Drawn pictures, shape `(M, H, W, 3)`, uint8, in any order: which are
            compared is drawn from all, so that no split stands for the others.
        features: `metrics.image_features.InceptionFeatures`.
        seed: Of the choice of pictures.

    Returns:
        `fid`: its `value`, 0 being best, and `n` pictures of each set.
    """
    rng = np.random.default_rng(seed)
    size = min(len(reals), len(samples))
    real, drawn = (
        features(images[rng.permutation(len(images))[:size]])
        for images in (reals, samples)
    )
    return {"fid": {"value": frechet_distance(real, drawn), "n": size}}


def fid_note(compared: dict) -> list[str]:
    """Warns of an FID of fewer pictures than Inception v3 has features."""
    number = compared.get("inception_features", {}).get("fid", {}).get("n", _FID_LEAST)
    if number >= _FID_LEAST:
        return []
    return [
        f"FID rests on {number} pictures, and of fewer than {_FID_LEAST:,}, the number "
        "of Inception's features, it comes out too high, the more so the fewer there "
        "are. Compare it with none but an FID of as many pictures, or raise "
        "evaluate.num_prompts."
    ]


def diversity(features: np.ndarray, asked: Sequence[Asked], seed: int) -> Figure:
    """Measures how much two seeds of one prompt differ, as a share of two prompts."""
    prompts = np.array([f"{one.split}/{one.lang}/{one.prompt}" for one in asked])
    return seed_diversity(features, prompts, seed)


class Copies:
    """The nearest training picture of each sample, and of each real test picture.

    Args:
        examples: The folder of examples, with a split `train`.
        samples: Drawn pictures, shape `(B, H, W, 3)`, uint8.
        reals: Real pictures that training never saw, shape `(N, H, W, 3)`, uint8.
    """

    def __init__(self, examples: Path, samples: np.ndarray, reals: np.ndarray):
        self._examples = examples
        queries = thumbnails(np.concatenate([samples, reals]))
        blocks = storage.iterate_images(examples, "train", batch_size=512)
        distances, places = nearest(queries, (thumbnails(block) for block in blocks))
        self.distances, self.places = distances[: len(samples)], places[: len(samples)]
        self.real_distances = distances[len(samples) :]
        self.real_places = places[len(samples) :]

    def figures(self, asked: Sequence[Asked], seed: int) -> dict[str, Figure]:
        """Gives the share of copies (about 0.01 is none) and the mean distances."""
        prompts = np.array([one.example_id for one in asked])
        copies = is_copy(self.distances, self.real_distances)
        everyone = np.arange(len(self.real_distances))
        return {
            "copies": mean_of_clusters(copies, prompts, seed),
            "distance": mean_of_clusters(self.distances, prompts, seed),
            "distance_real": mean_of_clusters(self.real_distances, everyone, seed),
        }

    def closest(self, number: int) -> list[tuple[int, float, np.ndarray]]:
        """Shows the samples nearest to training: position, distance, neighbour."""
        return self._closest(self.distances, self.places, number)

    def closest_reals(self, number: int) -> list[tuple[int, float, np.ndarray]]:
        """Shows the same of the real pictures, for a measure of what is near."""
        return self._closest(self.real_distances, self.real_places, number)

    def _closest(self, distances: np.ndarray, places: np.ndarray, number: int):
        order = np.argsort(distances)[:number]
        rows = sorted({int(places[i]) for i in order})
        images = storage.pick_images(self._examples, "train", rows)
        by_row = dict(zip(rows, images, strict=True))
        return [(int(i), float(distances[i]), by_row[int(places[i])]) for i in order]


def copies_note(copies: Figure) -> list[str]:
    """Warns where surely more is copied than a model does that copies nothing."""
    if copies.low <= USUAL_COPIES:
        return []
    return [
        f"{copies.value:.1%} of the pictures ({copies.low:.1%} to {copies.high:.1%}) "
        f"are nearer to a training picture than {1 - USUAL_COPIES:.0%} of real test "
        "pictures are: some may be copies. Look at the pairs under Copies; more "
        "training pictures make copies rarer."
    ]
