"""Tells how well pictures and captions of any data set belong together.

Dimension key: B pictures or captions, E embedding.
"""

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import keras
import numpy as np

from llmvis.config import JudgeConfig
from llmvis.judges.compiled import Compiled
from llmvis.judges.dual_encoder import DualEncoderNetwork
from llmvis.judges.fit import Batches, fit, soften
from llmvis.judges.pictures import blocks, check
from llmvis.prompts.text_tokenizer import TextTokenizer

MAX_CAPTION_TOKENS = 40  # longer captions are cut
_HIDDEN_DIM = 32
_TEXTS_AT_ONCE = 256


class GeneralJudge:
    """Embeds pictures and texts; the closer, the better they belong together.

    Args:
        network: Trained.
        text_tokenizer: The one it was trained with.
    """

    def __init__(self, network: DualEncoderNetwork, text_tokenizer: TextTokenizer):
        self.network, self.text_tokenizer = network, text_tokenizer
        self._images = Compiled(network, network.embed_images)
        self._texts = Compiled(network, network.embed_texts)

    @classmethod
    def load(cls, folder: Path) -> "GeneralJudge":
        """Reads what `save` wrote."""
        network = keras.saving.load_model(
            folder / "general.keras", safe_mode=True, compile=False
        )
        return cls(network, TextTokenizer.load(folder / "text_tokenizer.json"))

    def save(self, folder: Path) -> None:
        """Writes the network and the tokenizer."""
        self.network.save(folder / "general.keras")
        self.text_tokenizer.save(folder / "text_tokenizer.json")

    def embed_images(self, images: np.ndarray) -> np.ndarray:
        """Embeds pictures.

        Args:
            images: Shape `(B, H, W, 3)`, uint8, or float in [0, 1].

        Returns:
            Shape `(B, E)`, float32, of length 1: the product of two is their cosine.

        Raises:
            ShapeError: Another shape.
            DataError: A pixel is not a number, or out of range.
        """
        parts = [self._images.predict_on_batch(b) for b in blocks(check(images))]
        return np.concatenate(parts)[: len(images)]

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        """Embeds captions or prompts, `(B, E)`, float32, of length 1."""
        token_ids = self.text_tokenizer.encode(texts, truncate=True)
        parts = []
        for start in range(0, len(texts), _TEXTS_AT_ONCE):
            rows = np.arange(start, start + _TEXTS_AT_ONCE).clip(max=len(texts) - 1)
            parts.append(self._texts.predict_on_batch(token_ids[rows]))
        return np.concatenate(parts)[: len(texts)]


def train_general_judge(
    images: np.ndarray,
    captions: Sequence[Sequence[str]],
    config: JudgeConfig,
    on_step: Callable[[int, float], None],
) -> GeneralJudge:
    """Trains a general judge.

    Args:
        images: Of the training split, shape `(N, H, W, 3)`, uint8.
        captions: Those of each picture, at least one.
        config: How long and how fast.
        on_step: Hears of every step and its loss.

    Raises:
        TrainingError: The loss is not a number any more.
    """
    captions = _as_many_as_are_read(captions, config)
    texts = [text for of_one in captions for text in of_one]
    starts = np.cumsum([0, *(len(of_one) for of_one in captions)])
    tokenizer = TextTokenizer.train(texts, MAX_CAPTION_TOKENS)
    token_ids = tokenizer.encode(texts, truncate=True)
    _, text_numbers = np.unique(texts, return_inverse=True)
    keras.utils.set_random_seed(config.seed)
    network = DualEncoderNetwork(
        hidden_dim=_HIDDEN_DIM,
        vocabulary_size=tokenizer.vocabulary_size,
        max_tokens=MAX_CAPTION_TOKENS,
    )
    network.build({"image": (None, *images.shape[1:])})

    def make(rows, rng):
        chosen = rng.integers(starts[rows], starts[rows + 1])
        batch = {"image": soften(images[rows], rng), "token_ids": token_ids[chosen]}
        return batch, text_numbers[chosen].astype(np.int32)

    batches = Batches(
        make,
        len(images),
        batch_size=config.general_batch_size,
        num_steps=config.general_num_steps,
        seed=config.seed,
    )
    fit(network, batches, config.general_learning_rate, on_step)
    return GeneralJudge(network, tokenizer)


def _as_many_as_are_read(captions, config):
    """Keeps of each picture as many captions as training comes to it, drawn by chance.

    To split all of them into words would take longer than some hundred steps.
    """
    num_read = config.general_batch_size * config.general_num_steps
    most = math.ceil(num_read / len(captions))
    firsts = np.random.default_rng(config.seed).integers(2**31, size=len(captions))
    return [
        [of_one[(first + n) % len(of_one)] for n in range(min(most, len(of_one)))]
        for first, of_one in zip(firsts.tolist(), captions, strict=True)
    ]
