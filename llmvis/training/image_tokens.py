"""Fits the image tokenizer and turns pictures into codes."""

from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf

from llmvis.config import TokenizeConfig
from llmvis.errors import TrainingError
from llmvis.image_tokenizers.sketch_tokenizer import SketchTokenizer
from llmvis.prompts.text_tokenizer import TextTokenizer
from llmvis.records import Tokens
from llmvis.training.batches import Draws
from llmvis.training.build import build_image_tokenizer
from llmvis.training.fit import Observer, Plan, fit

_BLOCK = 256  # pictures encoded at once


def fit_image_tokenizer(
    config: TokenizeConfig, pixels: np.ndarray, on_step: Callable[[int, float], None]
) -> SketchTokenizer:
    """Trains an image tokenizer.

    Args:
        config: Its sizes and how long to train.
        pixels: Shape `(N, Y, X, 3)`, uint8.
        on_step: Hears of every step and its loss.

    Raises:
        TrainingError: There are fewer pictures than one batch, or the loss diverged.
    """
    if len(pixels) < config.batch_size:
        raise TrainingError(
            f"There are {len(pixels)} training pictures, and one batch takes "
            f"{config.batch_size}. Add pictures, or lower tokenize.batch_size."
        )
    tokenizer = build_image_tokenizer(config, pixels.shape[1])
    plan = Plan(
        num_steps=config.num_steps,
        learning_rate=config.learning_rate,
        weight_decay=0.0,
        validate_every=config.num_steps,
        seed=config.seed,
    )
    draws = Draws(len(pixels), config.batch_size, config.seed)

    def batch_at(step):
        return {"pixels": pixels[np.sort(draws.at(step))].astype("float32") / 255}

    observer = Observer(on_step=on_step, on_validation=lambda _: None)
    fit(tokenizer, batch_at, plan, observer, checkpoint_folder=None, made_from="")
    return tokenizer


def make_tokens(
    text_tokenizer: TextTokenizer,
    image_tokenizer: SketchTokenizer,
    captions: Sequence[Sequence[str]],
    pixels: np.ndarray,
) -> Tokens:
    """Reads one split through both tokenizers.

    Args:
        text_tokenizer: For the captions.
        image_tokenizer: For the pictures.
        captions: Those of each picture, at least one.
        pixels: Shape `(N, Y, X, 3)`, uint8.
    """
    texts = [caption for of_one in captions for caption in of_one]
    return Tokens(
        codes=encode_pictures(image_tokenizer, pixels),
        token_ids=text_tokenizer.encode(texts, truncate=True),
        starts=np.cumsum([0, *(len(of_one) for of_one in captions)]),
    )


def encode_pictures(tokenizer: SketchTokenizer, pixels: np.ndarray) -> np.ndarray:
    """Codes `(N, H, W, D)` uint8 of pictures `(N, Y, X, 3)` uint8."""
    encode = tf.function(lambda images: tokenizer.encode(images), jit_compile=True)
    grid = tokenizer.grid_size
    codes = np.empty((len(pixels), grid, grid, tokenizer.num_digits), np.uint8)
    for start in range(0, len(pixels), _BLOCK):
        # The last block is filled up, so that one graph serves all.
        rows = np.arange(start, start + _BLOCK).clip(max=len(pixels) - 1)
        block = np.asarray(encode(pixels[rows].astype("float32") / 255))
        codes[start : start + _BLOCK] = block[: len(pixels) - start]
    return codes
