"""Pictures regressed from the words of a prompt, which no judge may be taken in by.

Whatever is trained for the mean squared error of pixels tends to the mean of all the
pictures that a prompt fits. The shortest way there is linear in the words, and solved
in one step (Hoerl and Kennard, 1970, "Ridge Regression").

Dimension key: N texts, W words, P values of a picture.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.linalg import solve

from llmvis import storage
from llmvis.prompts.language import letters_and_words

_PICTURES = 4_000  # of the training split; more only make the same blur
_PENALTY = 3.0


def regressed_pictures(examples: Path, prompts: Sequence[str]) -> np.ndarray:
    """Draws prompts as a regression does.

    Args:
        examples: Whose training split it learns from.
        prompts: What to draw.

    Returns:
        Shape `(len(prompts), H, W, 3)`, uint8.
    """
    images = storage.read_images(examples, "train", _PICTURES)
    captions = storage.read_captions(examples, "train")[: len(images)]
    # One of each picture, in every language alike.
    told = [_words(texts[row % len(texts)]) for row, texts in enumerate(captions)]
    numbers = {word: i for i, word in enumerate(sorted(set().union(*told)))}
    said_NW = _said(told, numbers)
    pixels_NP = images.reshape(len(images), -1).astype(np.float32)
    mean_P = pixels_NP.mean(axis=0)
    weights_WP = solve(
        said_NW.T @ said_NW + _PENALTY * np.eye(len(numbers), dtype=np.float32),
        said_NW.T @ (pixels_NP - mean_P),
        assume_a="pos",
    )
    drawn = _said([_words(prompt) for prompt in prompts], numbers) @ weights_WP + mean_P
    return drawn.clip(0, 255).astype(np.uint8).reshape(-1, *images.shape[1:])


def _words(text: str) -> set[str]:
    return set(letters_and_words(text))


def _said(told: Sequence[set[str]], numbers: dict[str, int]) -> np.ndarray:
    """1 where a text has a word, `(N, W)`; words that no caption has say nothing."""
    said_NW = np.zeros((len(told), len(numbers)), np.float32)
    for row, words in enumerate(told):
        said_NW[row, [numbers[word] for word in words & numbers.keys()]] = 1
    return said_NW
