"""A generator and a critic that learn from each other.

Goodfellow et al., 2014, "Generative Adversarial Networks",
https://arxiv.org/abs/1406.2661. A fake is told from a real picture of the same prompt
(the relativistic loss of Jolicoeur-Martineau, 2019, https://arxiv.org/abs/1807.00734),
which with a penalty on the critic's slope at both converges (Huang et al., 2024, "The
GAN is dead; long live the GAN!", https://arxiv.org/abs/2501.05441). The slope is taken
from a small step aside (Lin et al., 2025, https://arxiv.org/abs/2501.08316), which
needs no second derivatives. A real picture with another prompt is a fake too (Reed et
al., 2016, https://arxiv.org/abs/1605.05396); the critic reads the prompt by a product
(Miyato and Koyama, 2018, https://arxiv.org/abs/1802.05637).

Dimension key: B batch, Y X picture rows and columns, L text tokens, C channels, Z
channels of a latent.
"""

import keras
from keras import ops

from llmvis.generators.convolutions import Painter, Viewer
from llmvis.generators.drawing import to_normal
from llmvis.generators.pooling import mean_state
from llmvis.generators.prompted import Prompted

_LATENT_DIM = 64
_ASIDE = 0.05  # standard deviation of the small step, of pixels in [0, 1]
_SLOPE_WEIGHT = 100.0


@keras.saving.register_keras_serializable("llmvis")
class GanGenerator(Prompted):
    """Draws what a critic takes for a real picture of the prompt.

    Args:
        text_encoder: Layer from token ids to states of `hidden_dim` channels.
        hidden_dim: Channels of the smallest grid; halved at each doubling.
        image_size: Pixels on a side: 8 times a power of 2.

    Input: `{"token_ids": (B, L) int32, "pixels": (B, Y, X, 3) float in [0, 1]}`.
    Output: A dictionary: pictures `fake`, `real_aside` and `fake_aside`,
        `(B, Y, X, 3)`; and `text` `(B, C)`.
    """

    sizes = ("hidden_dim", "image_size")
    makes = "pixels"
    competes = True
    noise_shape = (_LATENT_DIM,)

    def __init__(self, text_encoder, *, hidden_dim, image_size, **kwargs):
        super().__init__(text_encoder, **kwargs)
        self.hidden_dim, self.image_size = hidden_dim, image_size
        self._painter = Painter(hidden_dim, image_size, name="painter")
        self._critic = _Critic(hidden_dim, image_size, name="critic")
        self._seeds = keras.random.SeedGenerator()

    def build(self, input_shape):
        super().build(input_shape)
        self._painter.build((None, _LATENT_DIM + self.hidden_dim))
        self._critic.build(input_shape["pixels"])
        self.built = True

    def call(self, inputs, training=False):
        real = inputs["pixels"]
        # The same noise in every validation, so that its losses can be compared.
        seeds = (self._seeds,) * 3 if training else (0, 1, 2)
        text_BC = mean_state(self.text_encoder, inputs["token_ids"])
        shape_BZ = (ops.shape(real)[0], _LATENT_DIM)
        # The critic alone teaches the text encoder: the generator would bend it.
        known_BC = ops.stop_gradient(text_BC)
        fake = self._draw(keras.random.normal(shape_BZ, seed=seeds[0]), known_BC)
        shape = ops.shape(real)
        real_aside, fake_aside = (
            ops.stop_gradient(pictures) + _ASIDE * keras.random.normal(shape, seed=seed)
            for pictures, seed in ((real, seeds[1]), (fake, seeds[2]))
        )
        return {
            "fake": fake,
            "real_aside": real_aside,
            "fake_aside": fake_aside,
            "text": text_BC,
        }

    def compute_loss(self, x, y=None, y_pred=None, sample_weight=None, training=True):  # noqa: ARG002
        """The critic's loss and the generator's, which do not reach each other."""
        text, real = y_pred["text"], x["pixels"]
        known, fixed_fake = (
            ops.stop_gradient(y_pred[name]) for name in ("text", "fake")
        )
        features = self._critic.features(real)
        real_B = self._critic.judge(features, text)
        other_B = self._critic.judge(features, ops.roll(text, 1, axis=0))
        fake_B = self._critic(fixed_fake, text)
        slope = ops.mean((self._critic(y_pred["real_aside"], text) - real_B) ** 2)
        slope += ops.mean((self._critic(y_pred["fake_aside"], text) - fake_B) ** 2)
        critic = ops.mean(ops.softplus(fake_B - real_B))
        critic += ops.mean(ops.softplus(other_B - real_B)) / 2.0
        fixed = [ops.stop_gradient(w) for w in self._critic.trainable_variables]
        judged_B, _ = self._critic.stateless_call(fixed, [], y_pred["fake"], known)
        generator = ops.mean(ops.softplus(ops.stop_gradient(real_B) - judged_B))
        return critic + generator + _SLOPE_WEIGHT * slope

    def sample(self, token_ids, noise, null_ids, draw):  # noqa: ARG002
        """Draws pictures.

        Args:
            token_ids: Prompts, shape `(B, L)`.
            noise: Gumbel noise that alone decides the draw, shape `(B, Z)`.
            null_ids: The empty prompt; not used, as there is no guidance.
            draw: Not used.

        Returns:
            Pictures, `(B, Y, X, 3)` in [0, 1].
        """
        return self._draw(to_normal(noise), mean_state(self.text_encoder, token_ids))

    def _draw(self, latent, text):
        return self._painter(ops.concatenate([latent, text], axis=-1))


class _Critic(keras.layers.Layer):
    """Tells how real pictures `(B, Y, X, 3)` of texts `(B, C)` are, `(B,)`."""

    def __init__(self, hidden_dim, image_size, **kwargs):
        super().__init__(**kwargs)
        self._viewer = Viewer(hidden_dim, image_size, name="viewer")
        self._features = keras.layers.Dense(
            2 * hidden_dim, activation="leaky_relu", name="features"
        )
        # Without a bias: only what is between two pictures counts.
        self._real = keras.layers.Dense(1, use_bias=False, name="write_real")
        self._match = keras.layers.Dense(hidden_dim, name="write_match")
        self._hidden_dim = hidden_dim

    def build(self, input_shape):
        self._viewer.build(input_shape)
        self._features.build((None, self._viewer.num_features))
        self._real.build((None, 2 * self._hidden_dim))
        self._match.build((None, 2 * self._hidden_dim))

    def call(self, pictures, text):
        return self.judge(self.features(pictures), text)

    def features(self, pictures):
        return self._features(self._viewer(pictures))

    def judge(self, features, text):
        match_B = ops.sum(self._match(features) * text, axis=-1)
        return self._real(features)[:, 0] + match_B * self._hidden_dim**-0.5
