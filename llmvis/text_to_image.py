"""The assembled model: words in, pictures out.

Dimension key: B batch, Y X picture rows and columns, H W grid, D digits, L tokens.
"""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Self

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from llmvis.config import SamplingConfig
from llmvis.errors import ConfigError, MismatchError, MissingStage, ShapeError

# Imported so that Keras finds the classes of every network it may have to load.
from llmvis.generators import autoregressive, regression  # noqa: F401
from llmvis.generators.drawing import Draw
from llmvis.image_tokenizers.batching import in_batches
from llmvis.image_tokenizers.layer_tokenizer import LayerTokenizer
from llmvis.image_tokenizers.sketch_tokenizer import SketchTokenizer
from llmvis.prompts.text_tokenizer import TextTokenizer
from llmvis.records import Sample
from llmvis.storage import read_json, staged, write_json
from llmvis.text_encoders import lstm, transformer  # noqa: F401

_LARGEST_BATCH = 64
_TEXT_TOKENIZER, _IMAGE_TOKENIZER = "text_tokenizer.json", "image_tokenizer.keras"
_GENERATOR, _ABOUT = "generator.keras", "model.json"


class TextToImage:
    """A text tokenizer, a generator and an image tokenizer that belong together.

    Args:
        text_tokenizer: Prompts to token ids.
        generator: Token ids to codes or pixels.
        image_tokenizer: Codes to pictures.
        about: What the model was made from, kept in `model.json`.
    """

    def __init__(
        self,
        text_tokenizer: TextTokenizer,
        generator: keras.Model,
        image_tokenizer: LayerTokenizer | SketchTokenizer,
        about: dict,
    ):
        self.text_tokenizer, self.about = text_tokenizer, about
        self.generator, self._image_tokenizer = generator, image_tokenizer
        self._null_ids = text_tokenizer.empty_caption()
        # One compiled graph for each size of batch and kind of draw.
        self._compiled = lru_cache(maxsize=32)(self._compile)
        self._decode = tf.function(
            lambda codes: image_tokenizer.decode(codes), jit_compile=True
        )

    @property
    def family(self) -> str:
        return self.generator.name

    @property
    def image_size(self) -> int:
        return self._image_tokenizer.image_size

    @property
    def num_parameters(self) -> int:
        return self.generator.count_params() + self._image_tokenizer.count_params()

    def generate(
        self,
        prompts: Sequence[str],
        seed: int | Sequence[int],
        sampling: SamplingConfig,
    ) -> list[Sample]:
        """Draws one picture for each prompt.

        A picture depends on its own prompt and seed, never on the batch it is in.

        Args:
            prompts: English or Chinese.
            seed: One for all, or one for each prompt.
            sampling: How codes are drawn.

        Raises:
            PromptError: A prompt is empty or too long.
            ShapeError: There are not as many seeds as prompts.
        """
        seeds = [seed] * len(prompts) if isinstance(seed, int) else list(seed)
        if len(seeds) != len(prompts):
            raise ShapeError(
                f"There are {len(prompts)} prompts and {len(seeds)} seeds. Give one "
                "seed for all, or one for each."
            )
        token_ids = self.text_tokenizer.encode(prompts)
        images = [
            self._draw(
                token_ids[i : i + _LARGEST_BATCH],
                seeds[i : i + _LARGEST_BATCH],
                sampling,
            )
            for i in range(0, len(prompts), _LARGEST_BATCH)
        ]
        return [
            Sample(
                prompt=prompt,
                seed=number,
                image=image,
                unknown_words=self.text_tokenizer.unknown_words(prompt),
            )
            for prompt, number, image in zip(
                prompts, seeds, [i for batch in images for i in batch], strict=True
            )
        ]

    def score(self, prompts: Sequence[str], images: np.ndarray) -> np.ndarray:
        """Log-likelihood of the codes of pictures under prompts, in nats; `(B,)`.

        Higher is likelier. It counts the codes, not what encoding lost.

        Raises:
            ConfigError: The family has no likelihood.
        """
        if not hasattr(self.generator, "score"):
            raise ConfigError(
                f"The family {self.family!r} gives no likelihood. Ask a family that "
                "draws codes, for example `autoregressive`."
            )
        token_ids = self.text_tokenizer.encode(prompts, truncate=True)
        codes = self._image_tokenizer.encode(images)
        return in_batches(self.generator.score, token_ids, codes.astype("int32"))

    def codebooks(self, images: np.ndarray) -> list[tuple[np.ndarray, int]]:
        """Every digit that says what is in pictures `(B, Y, X, 3)` uint8.

        Returns:
            The digit wherever it occurs, shape `(M,)`, and how many values it could
            take. Nothing for a family that draws pixels.
        """
        if self.generator.makes != "codes":
            return []
        return self._image_tokenizer.codebooks(self._image_tokenizer.encode(images))

    def lengths(self, codes: np.ndarray) -> np.ndarray:
        """Positions of codes `(N, H, W, D)` after which nothing is said, `(N,)`."""
        return self._image_tokenizer.lengths(codes)

    def reconstruct(self, images: np.ndarray) -> np.ndarray:
        """What the image tokenizer keeps of pictures: `(B, Y, X, 3)` uint8, both."""
        if self.generator.makes != "codes":
            return images
        codes = self._image_tokenizer.encode(images)
        return _to_uint8(in_batches(self._decode, codes))

    def save(self, folder: Path) -> None:
        """Writes everything that `load` needs, whole or not at all."""
        with staged(folder) as staging:
            self.text_tokenizer.save(staging / _TEXT_TOKENIZER)
            self._image_tokenizer.save(staging / _IMAGE_TOKENIZER)
            self.generator.save(staging / _GENERATOR, include_optimizer=False)
            write_json(staging / _ABOUT, self.about)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Reads what `save` wrote; nothing in it is a pickle or code.

        Raises:
            MissingStage: There is no model.
            MismatchError: Its parts were not made for each other.
        """
        if not (folder / _GENERATOR).exists():
            raise MissingStage(folder / _GENERATOR, "train")
        text_tokenizer = TextTokenizer.load(folder / _TEXT_TOKENIZER)
        about = read_json(folder / _ABOUT, "train")
        if about["text_tokenizer"] != text_tokenizer.fingerprint:
            raise MismatchError(
                f"The words in {folder / _TEXT_TOKENIZER} are not those the model was "
                "trained on. Run `llmvis train`, or take the whole folder from one "
                "place."
            )
        networks = [
            keras.saving.load_model(folder / name, compile=False, safe_mode=True)
            for name in (_GENERATOR, _IMAGE_TOKENIZER)
        ]
        generator, image_tokenizer = networks
        return cls(text_tokenizer, generator, image_tokenizer, about)

    def _draw(self, token_ids, seeds, sampling):
        wanted = len(seeds)
        # A few sizes of batch serve all, so that few graphs are compiled.
        padded = 1 << (wanted - 1).bit_length()
        token_ids = np.concatenate([token_ids, token_ids[[0] * (padded - wanted)]])
        noise = self._noise([*seeds, *seeds[:1] * (padded - wanted)])
        draw = self._compiled(
            sampling.guidance_scale != 1.0, sampling.top_k, sampling.num_steps
        )
        scales = np.float32(sampling.guidance_scale), np.float32(sampling.temperature)
        return np.asarray(draw(token_ids, noise, *scales))[:wanted]

    def _noise(self, seeds):
        shape = self.generator.noise_shape
        uniform = [
            np.random.default_rng(seed).random(shape, "float32") for seed in seeds
        ]
        return -np.log(-np.log(np.clip(uniform, 1e-12, 1 - 1e-7, dtype="float32")))

    def _compile(self, guided, top_k, num_steps):
        @tf.function(jit_compile=True)
        def draw_pictures(token_ids, noise, guidance_scale, temperature):
            draw = Draw(
                guided=guided,
                top_k=top_k,
                num_steps=num_steps,
                guidance_scale=guidance_scale,
                temperature=temperature,
            )
            made = self.generator.sample(token_ids, noise, self._null_ids, draw)
            if self.generator.makes == "codes":
                made = self._image_tokenizer.decode(made)
            return ops.cast(ops.round(made * 255), "uint8")

        return draw_pictures


def _to_uint8(images):
    return np.round(images * 255).astype("uint8")
