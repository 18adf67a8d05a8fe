"""One picture for each prompt, by mean squared error.

The seed design of the project, kept as the floor every other family must beat: the
mean of the words' states, a dense layer, transposed convolutions (Zeiler et al., 2010,
"Deconvolutional Networks"), pixels. Where several pictures fit a prompt it draws their
average, which is a blur.

Dimension key: B batch, Y X picture rows and columns, L text tokens, C channels.
"""

import keras
from keras import ops

from llmvis.generators.convolutions import Painter
from llmvis.generators.pooling import mean_state
from llmvis.generators.prompted import Prompted


@keras.saving.register_keras_serializable("llmvis")
class RegressionGenerator(Prompted):
    """Draws the mean picture of a prompt.

    Args:
        text_encoder: Layer from token ids to states of `hidden_dim` channels.
        hidden_dim: Channels of the first, smallest picture; halved at each doubling.
        image_size: Pixels on a side: 8 times a power of 2.

    Input: `{"token_ids": (B, L) int32, "pixels": (B, Y, X, 3) float in [0, 1]}`.
    Output: Pictures, shape `(B, Y, X, 3)`, in [0, 1].
    """

    sizes = ("hidden_dim", "image_size")
    makes = "pixels"
    noise_shape = ()

    def __init__(self, text_encoder, *, hidden_dim, image_size, **kwargs):
        super().__init__(text_encoder, **kwargs)
        self.hidden_dim, self.image_size = hidden_dim, image_size
        self._painter = Painter(hidden_dim, image_size, name="painter")

    def build(self, input_shape):
        super().build(input_shape)
        self._painter.build((None, self.hidden_dim))
        self.built = True

    def call(self, inputs):
        return self._painter(mean_state(self.text_encoder, inputs["token_ids"]))

    def compute_loss(self, x, y=None, y_pred=None, sample_weight=None, training=True):  # noqa: ARG002
        """Mean squared error of a pixel."""
        return ops.mean((x["pixels"] - y_pred) ** 2)

    def sample(self, token_ids, noise, null_ids, draw):  # noqa: ARG002
        """Pictures of prompts, `(B, Y, X, 3)` in [0, 1], whatever the noise."""
        return self({"token_ids": token_ids})
