"""What finishing has to know of the training pictures."""

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np

from llmvis import storage
from llmvis.config import FinishingConfig
from llmvis.errors import ConfigError
from llmvis.finishing.finisher import Finisher
from llmvis.finishing.histograms import channel_histograms
from llmvis.finishing.palettes import word_palettes
from llmvis.finishing.super_resolution import SuperResolution
from llmvis.training.batches import Draws
from llmvis.training.fit import Observer, Plan, fit

_BATCH_SIZE = 16
_HIDDEN_DIM, _NUM_LAYERS = 32, 3  # of the super-resolution network
_LEARNING_RATE = 0.003
_PICTURES_FOR_COLORS = 10_000


def make_finisher(
    config: FinishingConfig,
    examples: Path,
    scratch: Path,
    on_step: Callable[[int, float], None],
    *,
    seed: int,
) -> Finisher:
    """Makes what finishes pictures.

    Args:
        config: What is asked for.
        examples: Their training pictures are read only where they are needed.
        scratch: A folder for large files of passing interest.
        on_step: Hears of every step of the super-resolution network, and its loss.
        seed: Of that network.

    Raises:
        ConfigError: The pictures cannot be made that much smaller.
    """
    histograms, palettes, network = None, None, None
    if config.needs_histograms or config.needs_palettes or config.needs_network:
        pixels = storage.unpack_images(examples, "train", scratch / "to_finish")
        some = pixels[:_PICTURES_FOR_COLORS]
        if config.needs_histograms:
            histograms = channel_histograms(some)
        if config.needs_palettes:
            captions = storage.read_captions(examples, "train")
            palettes = word_palettes(some, captions[: len(some)])
        if config.needs_network:
            network = fit_super_resolution(config, pixels, on_step, seed=seed)
    return Finisher(config, histograms=histograms, palettes=palettes, network=network)


def fit_super_resolution(
    config: FinishingConfig,
    pixels: np.ndarray,
    on_step: Callable[[int, float], None],
    *,
    seed: int,
) -> SuperResolution:
    """Trains a network to undo that its pictures were made smaller.

    Args:
        config: By how much it enlarges, and for how many steps it is trained.
        pixels: Shape `(N, Y, X, 3)`, uint8.
        on_step: Hears of every step and its loss.
        seed: Of the weights and of the order of the pictures.

    Raises:
        ConfigError: The pictures cannot be made that much smaller.
    """
    side = pixels.shape[1]
    if side % config.upsample:
        raise ConfigError(
            f"finishing.upsample is {config.upsample}, and pictures of {side} pixels "
            "cannot be made that much smaller to learn from. Try 2."
        )
    keras.utils.set_random_seed(seed)
    network = SuperResolution(
        config.upsample,
        hidden_dim=_HIDDEN_DIM,
        num_layers=_NUM_LAYERS,
        name="super_resolution",
    )
    network.build({})
    draws = Draws(len(pixels), min(_BATCH_SIZE, len(pixels)), seed)

    def batch_at(step):
        return {"pixels": pixels[np.sort(draws.at(step))].astype("float32") / 255}

    fit(
        network,
        batch_at,
        Plan(
            num_steps=config.num_steps,
            learning_rate=_LEARNING_RATE,
            adam_learning_rate=_LEARNING_RATE,
            pretrained_learning_rate=0.0,
            weight_decay=0.0,
            validate_every=config.num_steps,
            seed=seed,
        ),
        Observer(on_step=on_step, on_validation=lambda _: None),
        checkpoint_folder=None,
        made_from="",
    )
    return network
