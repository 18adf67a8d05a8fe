"""The assembled model: words in, pictures out.

Dimension key: B batch, Y X picture rows and columns, H W grid, D digits, L tokens.
"""

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import keras
import numpy as np
import tensorflow as tf

from llmvis.compiling import compiled
from llmvis.config import SamplingConfig
from llmvis.drawing_programs import Make, program
from llmvis.errors import ConfigError, MismatchError, MissingStage, ShapeError
from llmvis.finishing.finisher import Finisher

# Imported so that Keras finds the classes of every network it may have to load.
from llmvis.generators import (  # noqa: F401
    autoregressive,
    flow_matching,
    gan,
    masked,
    regression,
    vae,
)
from llmvis.image_tokenizers.batching import in_batches
from llmvis.image_tokenizers.layer_tokenizer import LayerTokenizer
from llmvis.image_tokenizers.pixels import require_numbers, to_uint8
from llmvis.image_tokenizers.sketch_tokenizer import SketchTokenizer
from llmvis.prompts.text_tokenizer import TextTokenizer
from llmvis.records import Sample
from llmvis.storage import read_json, staged, write_json
from llmvis.text_encoders import (  # noqa: F401
    bag_of_words,
    pretrained,
    recurrent,
    transformer,
    word_embedding,
)

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
        finisher: What is done to decoded pictures; None gives them out as they are.
    """

    def __init__(
        self,
        text_tokenizer: TextTokenizer,
        generator: keras.Model,
        image_tokenizer: LayerTokenizer | SketchTokenizer,
        about: dict,
        finisher: Finisher | None = None,
    ):
        self.text_tokenizer, self.about = text_tokenizer, about
        self.finisher = finisher
        self.generator, self._image_tokenizer = generator, image_tokenizer
        self._make = Make.of(generator, image_tokenizer, text_tokenizer.empty_caption())
        self._weights: list[tf.Tensor] | None = None  # None: as they are when it draws
        self._decode = compiled(image_tokenizer.decode)

    @property
    def family(self) -> str:
        return self.generator.name

    @property
    def image_tokenizer(self) -> LayerTokenizer | SketchTokenizer:
        return self._image_tokenizer

    @property
    def image_size(self) -> int:
        """Side of the pictures it learnt from and draws, in pixels."""
        return self._image_tokenizer.image_size

    @property
    def picture_size(self) -> int:
        """Side of the pictures it gives out, in pixels."""
        factor = self.finisher.factor if self.finisher is not None else 1
        return self.image_size * factor

    @property
    def num_parameters(self) -> int:
        finisher = self.finisher.num_parameters if self.finisher is not None else 0
        networks = self.generator, self._image_tokenizer
        return sum(network.count_params() for network in networks) + finisher

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
            ConfigError: There are several candidates, and the family cannot say which
                is the likeliest.
            DrawingError: The model gives no numbers where pictures should be.
        """
        seeds = [seed] * len(prompts) if isinstance(seed, int) else list(seed)
        if len(seeds) != len(prompts):
            raise ShapeError(
                f"There are {len(prompts)} prompts and {len(seeds)} seeds. Give one "
                "seed for all, or one for each."
            )
        if sampling.num_candidates > 1:
            self._require_likelihood()
        token_ids = self.text_tokenizer.encode(prompts)
        size = max(1, _LARGEST_BATCH // sampling.num_candidates)
        parts = [slice(i, i + size) for i in range(0, len(prompts), size)]
        images = [
            self.finish(self._draw(token_ids[i], seeds[i], sampling), prompts[i])
            for i in parts
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

    def finish(self, images: np.ndarray, prompts: Sequence[str]) -> np.ndarray:
        """Decoded pictures `(B, Y, X, 3)` uint8 as they are given out, uint8 too."""
        if self.finisher is None:
            return images
        return self.finisher.finish(images, prompts)

    def unfinished(self) -> Self:
        """The same model, that gives pictures out as they are decoded."""
        plain = copy.copy(self)
        plain.finisher = None
        return plain

    def score(self, prompts: Sequence[str], images: np.ndarray) -> np.ndarray:
        """Log-likelihood of the codes of pictures under prompts, in nats; `(B,)`.

        Higher is likelier. It counts the codes that say something, not what encoding
        lost.

        Raises:
            ConfigError: The family has no likelihood.
        """
        self._require_likelihood()
        token_ids = self.text_tokenizer.encode(prompts, truncate=True)
        codes = self._image_tokenizer.encode(images).astype("int32")
        lengths = self.lengths(codes)
        return in_batches(self.generator.score, token_ids, codes, lengths)

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
        return np.asarray(self._image_tokenizer.lengths(codes))

    def reconstruct(self, images: np.ndarray) -> np.ndarray:
        """What the image tokenizer keeps of pictures: `(B, Y, X, 3)` uint8, both."""
        if self.generator.makes != "codes":
            return images
        codes = self._image_tokenizer.encode(images)
        return to_uint8(in_batches(self._decode, codes))

    def save(self, folder: Path) -> None:
        """Writes everything that `load` needs, whole or not at all."""
        with staged(folder) as staging:
            self.text_tokenizer.save(staging / _TEXT_TOKENIZER)
            self._image_tokenizer.save(staging / _IMAGE_TOKENIZER)
            self.generator.save(staging / _GENERATOR, include_optimizer=False)
            write_json(staging / _ABOUT, self.about)
            if self.finisher is not None:
                self.finisher.save(staging)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Reads what `save` wrote; nothing in it is a pickle or code.

        It always draws with these weights, which to read anew takes 20 ms a time.

        Raises:
            MissingStage: There is no model.
            MismatchError: Its parts were not made for each other.
        """
        if not (folder / _GENERATOR).exists():
            raise MissingStage(folder / _GENERATOR, "finish")
        text_tokenizer = TextTokenizer.load(folder / _TEXT_TOKENIZER)
        about = read_json(folder / _ABOUT, "train")
        if about["text_tokenizer"] != text_tokenizer.fingerprint:
            raise MismatchError(
                f"The words in {folder / _TEXT_TOKENIZER} are not those the model was "
                "trained on. Run `llmvis finish`, or take the whole folder from one "
                "place."
            )
        networks = [
            keras.saving.load_model(folder / name, compile=False, safe_mode=True)
            for name in (_GENERATOR, _IMAGE_TOKENIZER)
        ]
        generator, image_tokenizer = networks
        finisher = Finisher.load(folder)
        model = cls(text_tokenizer, generator, image_tokenizer, about, finisher)
        model._weights = model._make.weights()
        return model

    def _draw(self, token_ids, seeds, sampling):
        wanted = len(seeds)
        # A few sizes of batch serve all, so that few graphs are compiled.
        padded = 1 << (wanted - 1).bit_length()
        token_ids = np.concatenate([token_ids, token_ids[[0] * (padded - wanted)]])
        seeds = [*seeds, *seeds[:1] * (padded - wanted)]
        noise = self._noise(seeds, sampling.num_candidates)
        draw = program(
            self._make,
            sampling.num_candidates,
            guided=sampling.guidance_scale != 1.0,
            narrowed=sampling.top_k > 0 or sampling.top_p < 1.0,
            num_steps=sampling.num_steps if self.generator.draws_in_steps else 0,
        )
        scales = {
            "guidance_scale": np.float32(sampling.guidance_scale),
            "temperature": np.float32(sampling.temperature),
            "top_k": np.int32(sampling.top_k),
            "top_p": np.float32(sampling.top_p),
        }
        weights = self._weights or self._make.weights()
        images, is_whole = draw(weights, token_ids, noise, scales)
        require_numbers(np.asarray(is_whole)[:wanted])
        return np.asarray(images)[:wanted]

    def _noise(self, seeds, num_candidates=1):
        shape = self.generator.noise_shape
        # The first candidate is the picture that is drawn where there is but one.
        streams = [
            (seed, n) if n else seed for seed in seeds for n in range(num_candidates)
        ]
        uniform = [np.random.default_rng(s).random(shape, "float32") for s in streams]
        return -np.log(-np.log(np.clip(uniform, 1e-12, 1 - 1e-7, dtype="float32")))

    def _require_likelihood(self):
        if not hasattr(self.generator, "score"):
            raise ConfigError(
                f"The family {self.family!r} gives no likelihood, which several "
                "candidates and the held-out likelihood need. Ask `autoregressive`."
            )
