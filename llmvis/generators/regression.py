"""One picture for each prompt, by mean squared error.

The seed design of the project, kept as the floor every other family must beat: the
mean of the words' states, a dense layer, transposed convolutions (Zeiler et al., 2010,
"Deconvolutional Networks"), pixels. Where several pictures fit a prompt it draws their
average, which is a blur.

Dimension key: B batch, Y X picture rows and columns, L text tokens, C channels.
"""

import keras
from keras import ops

_SEED_SIZE = 8  # positions on a side that the dense layer draws


@keras.saving.register_keras_serializable("llmvis")
class RegressionGenerator(keras.Model):
    """Draws the mean picture of a prompt.

    Args:
        text_encoder: Layer from token ids to states of `hidden_dim` channels.
        hidden_dim: Channels of the first, smallest picture; halved at each doubling.
        image_size: Pixels on a side: 8 times a power of 2.

    Input: `{"token_ids": (B, L) int32, "pixels": (B, Y, X, 3) float in [0, 1]}`.
    Output: Pictures, shape `(B, Y, X, 3)`, in [0, 1].
    """

    makes = "pixels"
    noise_shape = ()

    def __init__(self, text_encoder, *, hidden_dim, image_size, **kwargs):
        super().__init__(**kwargs)
        self.text_encoder = text_encoder
        self.hidden_dim, self.image_size = hidden_dim, image_size
        self._read = keras.layers.Dense(
            hidden_dim * _SEED_SIZE**2, activation="silu", name="read"
        )
        self._grow = keras.Sequential(name="grow")
        self._num_doublings = (image_size // _SEED_SIZE).bit_length() - 1
        for doubling in range(self._num_doublings):
            self._grow.add(
                keras.layers.Conv2DTranspose(
                    max(16, hidden_dim >> (doubling + 1)),
                    4,
                    strides=2,
                    padding="same",
                    activation="silu",
                )
            )
        self._grow.add(keras.layers.Conv2D(3, 3, padding="same", activation="sigmoid"))

    def build(self, input_shape):
        if not self.text_encoder.built:  # as it is where it was loaded
            self.text_encoder.build(input_shape["token_ids"])
        self._read.build((None, self.hidden_dim))
        self._grow.build((None, _SEED_SIZE, _SEED_SIZE, self.hidden_dim))
        self.built = True

    def call(self, inputs):
        token_ids = inputs["token_ids"]
        mask_BL1 = ops.cast(ops.not_equal(token_ids, 0), "float32")[..., None]
        states_BLC = self.text_encoder(token_ids)
        # Padding is id 0 and must not vote, or short prompts drift to one picture.
        mean_BC = ops.sum(states_BLC * mask_BL1, axis=1) / ops.sum(mask_BL1, axis=1)
        shape = (-1, _SEED_SIZE, _SEED_SIZE, self.hidden_dim)
        return self._grow(ops.reshape(self._read(mean_BC), shape))

    def compute_loss(self, x, y=None, y_pred=None, sample_weight=None, training=True):  # noqa: ARG002
        """Mean squared error of a pixel."""
        return ops.mean((x["pixels"] - y_pred) ** 2)

    def sample(self, token_ids, noise, null_ids, draw):  # noqa: ARG002
        """Pictures of prompts, `(B, Y, X, 3)` in [0, 1], whatever the noise."""
        return self({"token_ids": token_ids})

    def get_config(self):
        return {
            **super().get_config(),
            "text_encoder": keras.saving.serialize_keras_object(self.text_encoder),
            "hidden_dim": self.hidden_dim,
            "image_size": self.image_size,
        }

    @classmethod
    def from_config(cls, config):
        encoder = keras.saving.deserialize_keras_object(config.pop("text_encoder"))
        return cls(encoder, **config)
