"""A variational autoencoder whose decoder knows the prompt.

Kingma and Welling, 2014, "Auto-Encoding Variational Bayes",
https://arxiv.org/abs/1312.6114, conditional as in Sohn et al., 2015, "Learning
Structured Output Representation using Deep Conditional Generative Models". How much a
pixel's error weighs against the latents is not set but follows from the error itself
(Rybkin et al., 2021, https://arxiv.org/abs/2006.13202).

Dimension key: B batch, Y X picture rows and columns, L text tokens, C channels, Z
channels of a latent.
"""

import math

import keras
from keras import ops

from llmvis.generators.convolutions import Painter, Viewer
from llmvis.generators.drawing import to_normal
from llmvis.generators.pooling import mean_state
from llmvis.generators.prompted import Prompted

_LATENT_DIM = 64
_LARGEST = 8.0  # logarithm of a variance: beyond it training is unstable


@keras.saving.register_keras_serializable("llmvis")
class VaeGenerator(Prompted):
    """Draws from a latent what the prompt leaves open.

    Args:
        text_encoder: Layer from token ids to states of `hidden_dim` channels.
        hidden_dim: Channels of the smallest grid; halved at each doubling.
        image_size: Pixels on a side: 8 times a power of 2.

    Input: `{"token_ids": (B, L) int32, "pixels": (B, Y, X, 3) float in [0, 1]}`.
    Output: A dictionary: `pictures` `(B, Y, X, 3)` in [0, 1]; `mean` and `log_variance`
        of the latents, `(B, Z)`.
    """

    sizes = ("hidden_dim", "image_size")
    makes = "pixels"
    noise_shape = (_LATENT_DIM,)

    def __init__(self, text_encoder, *, hidden_dim, image_size, **kwargs):
        super().__init__(text_encoder, **kwargs)
        self.hidden_dim, self.image_size = hidden_dim, image_size
        self._viewer = Viewer(hidden_dim, image_size, name="viewer")
        self._posterior = keras.layers.Dense(2 * _LATENT_DIM, name="posterior")
        self._painter = Painter(hidden_dim, image_size, name="painter")
        self._seeds = keras.random.SeedGenerator()

    def build(self, input_shape):
        super().build(input_shape)
        self._viewer.build(input_shape["pixels"])
        self._posterior.build((None, self._viewer.num_features + self.hidden_dim))
        self._painter.build((None, _LATENT_DIM + self.hidden_dim))
        self.built = True

    def call(self, inputs, training=False):
        text_BC = mean_state(self.text_encoder, inputs["token_ids"])
        seen_BC = self._viewer(inputs["pixels"])
        posterior = self._posterior(ops.concatenate([seen_BC, text_BC], axis=-1))
        mean_BZ, log_variance_BZ = ops.split(posterior, 2, axis=-1)
        log_variance_BZ = ops.clip(log_variance_BZ, -_LARGEST, _LARGEST)
        # The same noise in every validation, so that its losses can be compared.
        seed = self._seeds if training else 0
        noise_BZ = keras.random.normal(ops.shape(mean_BZ), seed=seed)
        latent_BZ = mean_BZ + ops.exp(log_variance_BZ / 2.0) * noise_BZ
        return {
            "pictures": self._decode(latent_BZ, text_BC),
            "mean": mean_BZ,
            "log_variance": log_variance_BZ,
        }

    def compute_loss(self, x, y=None, y_pred=None, sample_weight=None, training=True):  # noqa: ARG002
        """Negative evidence lower bound of a channel of a pixel, in nats."""
        log_variance, mean = y_pred["log_variance"], y_pred["mean"]
        divergence_B = ops.sum(
            (mean**2 + ops.exp(log_variance) - 1.0 - log_variance) / 2.0, axis=-1
        )
        error = ops.mean((x["pixels"] - y_pred["pictures"]) ** 2)
        # The likelihood of a normal distribution as wide as the error.
        nats = (ops.log(2.0 * math.pi * (error + 1e-6)) + 1.0) / 2.0
        return nats + ops.mean(divergence_B) / (3 * self.image_size**2)

    def sample(self, token_ids, noise, null_ids, draw):  # noqa: ARG002
        """Draws pictures.

        Args:
            token_ids: Prompts, shape `(B, L)`.
            noise: Gumbel noise that alone decides the draw, shape `(B, Z)`.
            null_ids: The empty prompt; not used, as there is no guidance.
            draw: Its temperature is the standard deviation of a latent.

        Returns:
            Pictures, `(B, Y, X, 3)` in [0, 1].
        """
        text_BC = mean_state(self.text_encoder, token_ids)
        return self._decode(to_normal(noise) * draw.temperature, text_BC)

    def _decode(self, latent, text):
        return self._painter(ops.concatenate([latent, text], axis=-1))
