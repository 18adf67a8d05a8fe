"""The compiled way from token ids to pictures, shared by models of the same make.

A program takes the weights as inputs, so that a model of the same networks with other
weights, such as the next version in a registry, is drawn with what was compiled for the
one before: a new champion serves in the time that reading its files takes.

Dimension key: B batch, Y X picture rows and columns, H W grid, D digits, L tokens.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Self

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from llmvis.compiling import compiled
from llmvis.generators.drawing import Draw
from llmvis.image_tokenizers.pixels import are_numbers

# Sizes of batch are told apart within a program.
_MOST_PROGRAMS = 32

Program = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Make:
    """Two networks and the empty prompt; equal where only weights may differ."""

    key: str
    generator: keras.Model = field(compare=False)
    image_tokenizer: keras.Model = field(compare=False)
    null_ids: np.ndarray = field(compare=False)

    @classmethod
    def of(
        cls,
        generator: keras.Model,
        image_tokenizer: keras.Model,
        null_ids: np.ndarray,
    ) -> Self:
        """Names what a saved model is built from, weights apart.

        Args:
            generator: Token ids to codes or pixels.
            image_tokenizer: Codes to pictures.
            null_ids: The empty prompt, shape `(L,)`.
        """
        networks = [
            {"class": type(network).__name__, **network.get_config()}
            for network in (generator, image_tokenizer)
        ]
        key = json.dumps([networks, null_ids.tolist()], sort_keys=True)
        return cls(key, generator, image_tokenizer, null_ids)

    @property
    def variables(self) -> list[keras.Variable]:
        return [*self.generator.weights, *self.image_tokenizer.weights]

    def weights(self) -> list[tf.Tensor]:
        """What a program takes first: the weights as they are now."""
        return [tf.convert_to_tensor(variable.value) for variable in self.variables]


@lru_cache(maxsize=_MOST_PROGRAMS)
def program(
    make: Make, num_candidates: int, *, guided: bool, narrowed: bool, num_steps: int
) -> Program:
    """Compiles how pictures are drawn, or finds what was compiled before.

    Args:
        make: The networks. Those of the first model of a make are kept.
        num_candidates: Drawn for each picture; the likeliest is given.
        guided: See `Draw`, as are the next two.
        narrowed: Whether top_k or top_p is heeded.
        num_steps: Of a parallel decoder.

    Returns:
        From weights, token ids `(B, L)`, noise and the other fields of `Draw` to
        pictures `(B, Y, X, 3)` uint8, and to whether each is made of numbers, `(B,)`.
    """
    generator, image_tokenizer = make.generator, make.image_tokenizer
    variables = make.variables

    @compiled
    def draw_pictures(weights, token_ids, noise, scales):
        with keras.StatelessScope(list(zip(variables, weights, strict=True))):
            draw = Draw(
                guided=guided,
                narrowed=narrowed,
                num_steps=num_steps,
                lengths=image_tokenizer.lengths,
                **scales,
            )
            token_ids = ops.repeat(token_ids, num_candidates, axis=0)
            made = generator.sample(token_ids, noise, make.null_ids, draw)
            if num_candidates > 1:
                made = _likeliest(make, token_ids, made, num_candidates)
            is_whole = are_numbers(made)
            if generator.makes == "codes":
                made = image_tokenizer.decode(made)
                is_whole = ops.logical_and(is_whole, are_numbers(made))
            return ops.cast(ops.round(made * 255), "uint8"), is_whole

    return draw_pictures


def _likeliest(make, token_ids, codes, num_candidates):
    """Of the codes of each prompt those to which the model gives the most nats."""
    lengths = make.image_tokenizer.lengths(codes)
    nats = make.generator.score(token_ids, codes, lengths)
    best = ops.argmax(ops.reshape(nats, (-1, num_candidates)), axis=1)
    codes = ops.reshape(codes, (-1, num_candidates, *codes.shape[1:]))
    return ops.take_along_axis(codes, best[:, None, None, None, None], axis=1)[:, 0]
