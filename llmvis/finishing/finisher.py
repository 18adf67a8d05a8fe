"""All that is done to a decoded picture, in one order, and kept with its model."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Self

import keras
import numpy as np

from llmvis.config import FinishingConfig
from llmvis.errors import ConfigError
from llmvis.finishing.contrast import raise_contrast
from llmvis.finishing.denoising import denoise
from llmvis.finishing.histograms import match_histograms
from llmvis.finishing.palettes import Palettes, move_colors
from llmvis.finishing.resizing import enlarge
from llmvis.finishing.sharpening import sharpen
from llmvis.finishing.super_resolution import SuperResolution
from llmvis.finishing.white_balance import balance_white
from llmvis.finishing_config import ABOUT_FILE, NETWORK_FILE
from llmvis.storage import read_json, write_json

Step = Callable[[np.ndarray, Sequence[str]], np.ndarray]  # pictures and prompts


class Finisher:
    """Denoises, corrects colours and contrast, enlarges, sharpens: what is asked for.

    Args:
        config: What is asked for.
        histograms: Of the training pictures, shape `(3, 256)`, where
            `finishing.color` is `histogram`.
        palettes: Of the words of the training captions, where `finishing.color` is
            `prompt`.
        network: Where `finishing.upsampler` is `learned`.

    Raises:
        ConfigError: A part that is asked for is not given.
    """

    def __init__(
        self,
        config: FinishingConfig,
        *,
        histograms: np.ndarray | None = None,
        palettes: Palettes | None = None,
        network: SuperResolution | None = None,
    ):
        self.config, self._network = config, network
        self._histograms, self._palettes = histograms, palettes
        if (config.needs_histograms and histograms is None) or (
            config.needs_palettes and palettes is None
        ):
            raise ConfigError(
                f"finishing.color is {config.color}, and there are no colours to go "
                "by. Run `llmvis finish`, which takes them from the training pictures."
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

    def finish(self, images: np.ndarray, prompts: Sequence[str]) -> np.ndarray:
        """Finishes pictures, each by itself.

        Args:
            images: Shape `(B, Y, X, 3)`, uint8.
            prompts: What each was drawn for.

        Returns:
            Shape `(B, factor * Y, factor * X, 3)`, uint8.
        """
        for _, step in self._steps:
            images = step(images, prompts)
        return images

    def after_each_step(
        self, images: np.ndarray, prompts: Sequence[str]
    ) -> Iterator[tuple[str, np.ndarray]]:
        """Does what `finish` does, and gives the pictures after every step on the way.

        Args:
            images: Shape `(B, Y, X, 3)`, uint8.
            prompts: What each was drawn for.

        Yields:
            The key of section `finishing` that asks for a step, and what its pictures
            are after it.
        """
        for name, step in self._steps:
            images = step(images, prompts)
            yield name, images

    def save(self, folder: Path) -> None:
        """Writes everything that `load` needs into a model folder."""
        about: dict = {"config": asdict(self.config)}
        if self._histograms is not None:
            about["histograms"] = self._histograms.tolist()
        if self._palettes is not None:
            about["palettes"] = {
                word: palette.tolist() for word, palette in self._palettes.items()
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
        # Models that are served may be from before there was contrast.
        config, network = FinishingConfig(**{"contrast": 0.0, **about["config"]}), None
        histograms, palettes = about.get("histograms"), about.get("palettes")
        if config.needs_network:
            network = keras.saving.load_model(
                folder / NETWORK_FILE, compile=False, safe_mode=True
            )
        return cls(
            config,
            histograms=histograms and np.array(histograms),
            palettes=palettes and {word: np.array(p) for word, p in palettes.items()},
            network=network,
        )

    def _asked_for(self) -> Iterator[tuple[str, Step]]:
        config = self.config
        # Noise first, or it would be enlarged and sharpened too; sharpening last, at
        # the size that is looked at.
        if config.denoise > 0:
            yield "denoise", _of_any(partial(denoise, strength=config.denoise))
        if config.color != "none":
            yield "color", self._color_step()
        if config.contrast > 0:
            raised = partial(raise_contrast, clip_limit=config.contrast)
            yield "contrast", _of_any(raised)
        if config.needs_network and self._network is not None:
            yield "upsample", _of_any(self._network.enlarge)
        elif config.upsample > 1:
            yield "upsample", _of_any(partial(enlarge, factor=config.upsample))
        if config.sharpen > 0:
            yield "sharpen", _of_any(partial(sharpen, amount=config.sharpen))

    def _color_step(self) -> Step:
        if self.config.needs_histograms and self._histograms is not None:
            return _of_any(partial(match_histograms, histograms=self._histograms))
        if self.config.needs_palettes and self._palettes is not None:
            return partial(move_colors, palettes=self._palettes)
        return _of_any(balance_white)


def _of_any(change: Callable[[np.ndarray], np.ndarray]) -> Step:
    """Makes a step that does the same whatever the prompt is."""
    return lambda images, _: change(images)
