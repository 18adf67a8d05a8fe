"""A transformer over patches of pixels that turns noise into a picture, step by step.

Flow matching (Lipman et al., 2023, https://arxiv.org/abs/2210.02747) on straight lines
(Liu et al., 2023, https://arxiv.org/abs/2209.03003). The network says what the clean
picture is, and not the noise or the way there: a clean picture is far simpler than
either, so that pixels need no tokenizer (Li and He, 2025, "Back to Basics: Let
Denoising Generative Models Denoise", https://arxiv.org/abs/2511.13720).

Dimension key: B batch, Y X picture rows and columns, T patches in raster order, L text
tokens, C channels, P pixels of a patch times 3.
"""

import math

import keras
import numpy as np
from keras import ops

from llmvis.blocks import gather, spread
from llmvis.errors import ConfigError
from llmvis.generators.drawing import to_normal
from llmvis.generators.guidance import guide
from llmvis.generators.prompted import Prompted
from llmvis.generators.trunk import Trunk

_PATCH = 8  # pixels on a side
_NUM_WAVES = 16
# Of the logits of times in training, as in Li and He: mostly noise.
_TIME_MEAN, _TIME_SPREAD = -0.8, 0.8
_LEAST_LEFT = 0.05  # of the way; nearer to the end errors would be all that counts


@keras.saving.register_keras_serializable("llmvis")
class FlowMatchingGenerator(Prompted):
    """Tells the clean picture from a noisy one.

    Args:
        text_encoder: Layer from token ids to states of `hidden_dim` channels.
        hidden_dim: Channels of the trunk.
        num_layers: Blocks of the trunk.
        num_heads: Attention heads.
        image_size: Pixels on a side, a multiple of 8.

    Input: `{"token_ids": (B, L) int32, "pixels": (B, Y, X, 3) float in [0, 1]}`.
    Output: A dictionary: `clean` `(B, Y, X, 3)`, about in [-1, 1], what the network
        takes the picture for; and `time` `(B, 1, 1, 1)`, the share of it that it saw.
    """

    sizes = ("hidden_dim", "num_layers", "num_heads", "image_size")
    makes = "pixels"
    draws_in_steps = True

    def __init__(
        self,
        text_encoder,
        *,
        hidden_dim,
        num_layers,
        num_heads,
        image_size,
        **kwargs,
    ):
        super().__init__(text_encoder, **kwargs)
        self.hidden_dim, self.num_layers = hidden_dim, num_layers
        self.num_heads, self.image_size = num_heads, image_size
        side, rest = divmod(image_size, _PATCH)
        if rest:
            raise ConfigError(
                f"ingest.image_size is {image_size}, and flow_matching cuts pictures "
                f"into patches of {_PATCH} pixels. Set it to a multiple of {_PATCH}."
            )
        self._length = side**2
        self._read = keras.layers.Dense(hidden_dim, name="read")
        self._read_time = keras.layers.Dense(hidden_dim, name="read_time")
        self._positions = keras.layers.Embedding(
            self._length, hidden_dim, name="positions"
        )
        self._trunk = Trunk(
            hidden_dim=hidden_dim,
            num_layers=num_layers,
            num_heads=num_heads,
            grid=(side, side),
            causal=False,
            name="trunk",
        )
        self._write = keras.layers.Dense(3 * _PATCH**2, name="write")
        self._seeds = keras.random.SeedGenerator()

    def build(self, input_shape):
        super().build(input_shape)
        states_shape = (None, self._length, self.hidden_dim)
        self._read.build((None, self._length, 3 * _PATCH**2))
        self._read_time.build((None, 2 * _NUM_WAVES))
        self._positions.build((self._length,))
        self._trunk.build(states_shape)
        self._write.build(states_shape)
        self.built = True

    @property
    def noise_shape(self):
        return (self.image_size, self.image_size, 3)

    def call(self, inputs, training=False):
        clean = _to_signed(inputs["pixels"])
        # The same noise in every validation, so that its losses can be compared.
        seeds = (self._seeds, self._seeds) if training else (0, 1)
        shape_B = (ops.shape(clean)[0],)
        logits_B = keras.random.normal(shape_B, _TIME_MEAN, _TIME_SPREAD, seed=seeds[0])
        time = ops.sigmoid(logits_B)[:, None, None, None]
        noise = keras.random.normal(ops.shape(clean), seed=seeds[1])
        text_states = self.text_encoder(inputs["token_ids"])
        noisy = time * clean + (1.0 - time) * noise
        told = self._clean(noisy, time[:, 0, 0, 0], inputs["token_ids"], text_states)
        return {"clean": told, "time": time}

    def compute_loss(self, x, y=None, y_pred=None, sample_weight=None, training=True):  # noqa: ARG002
        """Mean squared error of the direction from noise to picture."""
        error = y_pred["clean"] - _to_signed(x["pixels"])
        return ops.mean((error / ops.maximum(1.0 - y_pred["time"], _LEAST_LEFT)) ** 2)

    def sample(self, token_ids, noise, null_ids, draw):
        """Draws pictures.

        Args:
            token_ids: Prompts, shape `(B, L)`.
            noise: Gumbel noise that alone decides the draw, `(B, Y, X, 3)`.
            null_ids: The empty prompt, shape `(L,)`.
            draw: How much guidance, and how many steps of Euler's method.

        Returns:
            Pictures, `(B, Y, X, 3)` in [0, 1].
        """
        token_ids, text_states = self._read_prompts(token_ids, null_ids, draw)

        def go_on(step, pictures):
            time = ops.cast(step, "float32") / draw.num_steps
            both = ops.concatenate([pictures, pictures]) if draw.guided else pictures
            times_B = ops.broadcast_to(time, ops.shape(token_ids)[:1])
            clean = self._clean(both, times_B, token_ids, text_states)
            if draw.guided:
                conditional, unconditional = ops.split(clean, 2)
                clean = guide(conditional, unconditional, draw.guidance_scale)
            return pictures + (clean - pictures) / (1.0 - time) / draw.num_steps

        pictures = ops.fori_loop(0, draw.num_steps, go_on, to_normal(noise))
        return ops.clip((pictures + 1.0) / 2.0, 0.0, 1.0)

    def _clean(self, pictures, times, token_ids, text_states):
        """What noisy pictures are without their noise, `(B, Y, X, 3)`."""
        patches_BYXP = gather(pictures, _PATCH)
        patches_BTP = ops.reshape(patches_BYXP, (-1, self._length, 3 * _PATCH**2))
        shape_BT = ops.shape(patches_BTP)[:2]
        places_BT = ops.broadcast_to(ops.arange(self._length), shape_BT)
        told_BC = self._read_time(_waves(times))
        states_BTC = self._read(patches_BTP) + self._positions(places_BT)
        states_BTC = self._trunk(
            states_BTC + told_BC[:, None],
            text_states,
            ops.ones(shape_BT, "int32"),
            ops.cast(ops.not_equal(token_ids, 0), "int32"),
            places_BT,
        )
        written_BYXP = ops.reshape(self._write(states_BTC), ops.shape(patches_BYXP))
        return spread(written_BYXP, _PATCH)


def _to_signed(pixels):
    return 2.0 * pixels - 1.0


def _waves(times):
    """Times `(B,)` in [0, 1] as cosines and sines, `(B, 2 * _NUM_WAVES)`."""
    turns = np.geomspace(0.25, 16, _NUM_WAVES, dtype="float32") * 2 * math.pi
    angles = times[:, None] * turns
    return ops.concatenate([ops.cos(angles), ops.sin(angles)], axis=-1)
