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
from llmvis.prompts.text_tokenizer import TextTokenizer

_PICTURES = 4_000  # of the training split; more only make the same blur
_PENALTY = 3.0
_LONGEST = 40  # tokens of a caption; longer ones are cut


def regressed_pictures(examples: Path, prompts: Sequence[str]) -> np.ndarray:
    """Draws prompts as a regression does.

    Args:
        examples: Whose training split it learns from.
        prompts: What to draw.

    Returns:
        Shape `(len(prompts), H, W, 3)`, uint8.
    """
    train = list(storage.read_examples(examples, "train", _PICTURES))
    # One caption of each picture, in every language alike.
    told = [one.captions[row % len(one.captions)].text for row, one in enumerate(train)]
    tokenizer = TextTokenizer.train(told, _LONGEST)
    said_NW = _said(tokenizer, told)
    pixels_NP = np.stack([one.image.ravel() for one in train]).astype(np.float32)
    penalty_WW = _PENALTY * np.eye(tokenizer.vocabulary_size, dtype=np.float32)
    mean_P = pixels_NP.mean(axis=0)
    weights_WP = solve(
        said_NW.T @ said_NW + penalty_WW,
        said_NW.T @ (pixels_NP - mean_P),
        assume_a="pos",
    )
    drawn = _said(tokenizer, prompts) @ weights_WP + mean_P
    return drawn.clip(0, 255).astype(np.uint8).reshape(-1, *train[0].image.shape)


def _said(tokenizer: TextTokenizer, texts: Sequence[str]) -> np.ndarray:
    """1 where a text has a word, `(N, W)`."""
    said_NW = np.zeros((len(texts), tokenizer.vocabulary_size), np.float32)
    token_ids = tokenizer.encode(texts, truncate=True)
    np.put_along_axis(said_NW, token_ids, 1, axis=1)
    return said_NW
