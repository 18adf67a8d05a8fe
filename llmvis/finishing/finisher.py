"""All that is done to a decoded picture, in one order, and kept with its model."""

from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Self

import keras
import numpy as np

from llmvis.config import FinishingConfig
from llmvis.errors import ConfigError
from llmvis.finishing.denoising import denoise
from llmvis.finishing.histograms import match_histograms
from llmvis.finishing.resizing import enlarge
from llmvis.finishing.sharpening import sharpen
from llmvis.finishing.super_resolution import SuperResolution
from llmvis.finishing.white_balance import balance_white
from llmvis.finishing_config import ABOUT_FILE, NETWORK_FILE
from llmvis.storage import read_json, write_json

Step = Callable[[np.ndarray], np.ndarray]


class Finisher:
    """Denoises, corrects colours, enlarges and sharpens: what of it is asked for.

    Args:
        config: What is asked for.
        histograms: Of the training pictures, shape `(3, 256)`, where
            `finishing.color` is `histogram`.
        network: Where `finishing.upsampler` is `learned`.

    Raises:
        ConfigError: A part that is asked for is not given.
    """

    def __init__(
        self,
        config: FinishingConfig,
        histograms: np.ndarray | None = None,
        network: SuperResolution | None = None,
    ):
        self.config, self._histograms, self._network = config, histograms, network
        if config.needs_histograms and histograms is None:
            raise ConfigError(
                "finishing.color is histogram, and there are no histograms to match. "
                "Run `llmvis finish`, which takes them from the training pictures."
            )
        if config.needs_network and network is None:
            raise ConfigError(
                "finishing.upsampler is learned, and there is no network. Run `llmvis "
                "finish`, which trains it."
            )
        self._steps = tuple(self._asked_for())

    @property
    def factor(self) -> int:
        """Times as many pixels on a side."""
        return self.config.upsample

    @property
    def num_parameters(self) -> int:
        return self._network.count_params() if self._network is not None else 0

    def finish(self, images: np.ndarray) -> np.ndarray:
        """Finishes pictures, each by itself.

        Args:
            images: Shape `(B, Y, X, 3)`, uint8.

        Returns:
            Shape `(B, factor * Y, factor * X, 3)`, uint8.
        """
        for step in self._steps:
            images = step(images)
        return images

    def save(self, folder: Path) -> None:
        """Writes everything that `load` needs into a model folder."""
        histograms = self._histograms
        about = {
            "config": asdict(self.config),
            "histograms": None if histograms is None else histograms.tolist(),
        }
        write_json(folder / ABOUT_FILE, about)
        if self._network is not None:
            self._network.save(folder / NETWORK_FILE, include_optimizer=False)

    @classmethod
    def load(cls, folder: Path) -> Self | None:
        """Reads what `save` wrote; None for a model that finishes nothing."""
        if not (folder / ABOUT_FILE).exists():
            return None
        about = read_json(folder / ABOUT_FILE, "finish")
        config = FinishingConfig(**about["config"])
        histograms, network = about["histograms"], None
        if config.needs_network:
            network = keras.saving.load_model(
                folder / NETWORK_FILE, compile=False, safe_mode=True
            )
        return cls(
            config, None if histograms is None else np.array(histograms), network
        )

    def _asked_for(self) -> Iterator[Step]:
        config = self.config
        # Noise first, or it would be enlarged and sharpened too; sharpening last, at
        # the size that is looked at.
        if config.denoise > 0:
            yield partial(denoise, strength=config.denoise)
        if config.color == "white_balance":
            yield balance_white
        if config.needs_histograms and self._histograms is not None:
            yield partial(match_histograms, histograms=self._histograms)
        if config.needs_network and self._network is not None:
            yield self._network.enlarge
        elif config.upsample > 1:
            yield partial(enlarge, factor=config.upsample)
        if config.sharpen > 0:
            yield partial(sharpen, amount=config.sharpen)
