"""What the parts of a model keep: the image tokenizer, the likelihood, the words."""

from collections.abc import Sequence

import numpy as np

from llmvis.errors import ConfigError, MismatchError
from llmvis.evaluation.alignment import Scores, shifted
from llmvis.evaluation.asking import Asked, Drawn
from llmvis.metrics.codebook import mean_codebook_use
from llmvis.metrics.figure import Figure, mean_of_clusters
from llmvis.metrics.psnr import psnr
from llmvis.metrics.ssim import ssim

_HIGHEST_PSNR = 60.0  # decibels; a lossless picture must not make the mean infinite


def likeness_figures(
    images: np.ndarray, changed: np.ndarray, seed: int
) -> dict[str, Figure]:
    """Measures how alike two versions of pictures are.

    Args:
        images: Shape `(N, H, W, 3)`, uint8.
        changed: Same shape, uint8.
        seed: Of the intervals.

    Returns:
        `psnr` in decibels, at most 60, and `ssim`, at most 1; higher is more alike.
    """
    everyone = np.arange(len(images))
    before, after = images.astype("float32") / 255, changed.astype("float32") / 255
    decibels = np.minimum(psnr(before, after), _HIGHEST_PSNR)
    return {
        "psnr": mean_of_clusters(decibels, everyone, seed),
        "ssim": mean_of_clusters(ssim(before, after), everyone, seed),
    }


def tokenizer_figures(model, images: np.ndarray, seed: int) -> dict:
    """Measures what goes through the image tokenizer unharmed.

    Args:
        model: A `TextToImage`.
        images: Real pictures, shape `(N, H, W, 3)`, uint8.
        seed: Of the intervals.

    Returns:
        `psnr` (decibels) and `ssim` of the pictures, and where the family has codes
        `codebook_size` (values of all digits together), `codebook_usage` (the share of
        them that occurs) and `codebook_perplexity` (of a digit, on average).
    """
    figures = likeness_figures(images, model.reconstruct(images), seed)
    codebooks = [
        (digits, size) for digits, size in model.codebooks(images) if len(digits)
    ]
    if not codebooks:
        return figures
    usage, perplexity = mean_codebook_use(codebooks)
    return figures | {
        "codebook_size": sum(size for _, size in codebooks),
        "codebook_usage": usage,
        "codebook_perplexity": perplexity,
    }


def likelihood_figures(
    model, asked: Sequence[Asked], images: np.ndarray, seed: int
) -> Scores:
    """Measures how well a model foresees unseen pictures, where it can say.

    Args:
        model: A `TextToImage`.
        asked: Captions of the test splits.
        images: The real pictures they describe, shape `(N, H, W, 3)`, uint8.
        seed: Of the intervals.

    Returns:
        For each split and language `nll` (nats for a picture, lower is better) and
        `prompt_gain` (nats that the right caption saves against another one; 0 where
        the model does not read). Empty for a family without a likelihood.
    """
    prompts = [one.prompt for one in asked]
    try:
        right = np.asarray(model.score(prompts, images))
    except ConfigError:
        return {}
    wrong = np.asarray(model.score([prompts[i] for i in shifted(asked)], images))
    found: Scores = {}
    for split, lang in sorted({(one.split, one.lang) for one in asked}):
        here = np.array([(one.split, one.lang) == (split, lang) for one in asked])
        examples = np.array([one.example_id for one in asked])[here]
        found.setdefault(split, {})[lang] = {
            "nll": mean_of_clusters(-right[here], examples, seed),
            "prompt_gain": mean_of_clusters((right - wrong)[here], examples, seed),
        }
    return found


def vocabulary_figures(drawn: Drawn, seed: int) -> dict[str, dict[str, Figure]]:
    """Measures the share of prompts with a word that no training caption had."""
    found = {}
    for lang in sorted({one.lang for one in drawn.asked}):
        here = [i for i, one in enumerate(drawn.asked) if one.lang == lang]
        unknown = np.array([bool(drawn.samples[i].unknown_words) for i in here])
        prompts = np.array([drawn.asked[i].prompt for i in here])
        found[lang] = {"unknown_words": mean_of_clusters(unknown, prompts, seed)}
    return found


def flat_pictures(images: np.ndarray) -> np.ndarray:
    """Marks pictures of one single colour, shape `(N,)`: nothing was drawn."""
    return np.ptp(images.reshape(len(images), -1, 3), axis=1).max(axis=1) == 0


def check_match(model, images: np.ndarray) -> None:
    """Refuses a model of another picture size than the examples.

    Raises:
        MismatchError: The sizes differ.
    """
    if images.shape[1] != model.image_size:
        raise MismatchError(
            f"The model draws {model.image_size} pixels a side and the examples have "
            f"{images.shape[1]}. Run `llmvis train` again, or ingest at "
            f"{model.image_size} pixels."
        )


def flat_note(images: np.ndarray) -> list[str]:
    """Says how many pictures `(N, Y, X, 3)` are of one colour; empty where none is."""
    flat = int(flat_pictures(images).sum())
    if not flat:
        return []
    return [
        f"{flat} of {len(images)} pictures are one single colour: the model draws "
        "nothing there. Look at the training curves before any other figure."
    ]
