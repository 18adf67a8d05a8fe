"""Pictures and captions in one space, where those that belong together are close.

Radford et al., 2021, "Learning Transferable Visual Models From Natural Language
Supervision", https://arxiv.org/abs/2103.00020.

Dimension key: B batch, H W cells, L tokens, C channels, E embedding.
"""

import math

import keras
from keras import ops

from llmvis.judges.image_trunk import ImageTrunk, fold

EMBEDDING_DIM = 128
_TEXT_DIM = 128
_NUM_HEADS = 4
_LARGEST_SCALE = math.log(100)  # as in the paper: beyond it training is unstable


@keras.saving.register_keras_serializable("llmvis.judges")
class DualEncoderNetwork(keras.Model):
    """One encoder for pictures and one for token ids.

    Args:
        hidden_dim: Channels of the picture's trunk.
        vocabulary_size: Number of token ids.
        max_tokens: Length of a row of token ids.

    Input: A dictionary: `image` `(B, Y, X, 3)`, in [0, 255]; `token_ids` `(B, L)`,
        0 for padding.
    Output: A dictionary: `image` and `text`, embeddings of length 1, `(B, E)`.
    """

    def __init__(self, *, hidden_dim, vocabulary_size, max_tokens, **kwargs):
        super().__init__(**kwargs)
        self.hidden_dim, self.max_tokens = hidden_dim, max_tokens
        self.vocabulary_size = vocabulary_size
        self._trunk = ImageTrunk(hidden_dim=hidden_dim)
        self._cells = keras.layers.Dense(64, activation="relu")
        self._picture = keras.layers.Dense(256, activation="relu")
        self._picture_out = keras.layers.Dense(EMBEDDING_DIM)
        self._words = keras.layers.Embedding(vocabulary_size, _TEXT_DIM)
        self._places = keras.layers.Embedding(max_tokens, _TEXT_DIM)
        self._blocks = [_TextBlock() for _ in range(2)]
        self._text_out = keras.layers.Dense(EMBEDDING_DIM)

    def build(self, input_shape):
        self._trunk.build(input_shape["image"])
        cells = self._trunk.compute_output_shape(input_shape["image"])
        height, width = cells[1] // 4, cells[2] // 4
        self._cells.build((None, height, width, 16 * self.hidden_dim))
        self._picture.build((None, height * width * 64))
        self._picture_out.build((None, 256))
        self._words.build(None)
        self._places.build(None)
        for block in self._blocks:
            block.build((None, self.max_tokens, _TEXT_DIM))
        self._text_out.build((None, _TEXT_DIM))
        # exp(2.66) = 1 / 0.07, as in the paper.
        self._scale = self.add_weight(
            name="scale", shape=(), initializer=keras.initializers.Constant(2.66)
        )
        self.built = True

    def call(self, inputs, training=False):
        return {
            "image": self.embed_images(inputs["image"], training=training),
            "text": self.embed_texts(inputs["token_ids"]),
        }

    def embed_images(self, images, training=False):
        """Embeds pictures `(B, Y, X, 3)`, in [0, 255], as `(B, E)`."""
        features_BHWC = fold(fold(self._trunk(images, training=training)))
        cells_BHWC = self._cells(features_BHWC)
        # Flattened, not pooled: where things are tells "left of" from "right of".
        flat_BC = ops.reshape(cells_BHWC, (-1, math.prod(cells_BHWC.shape[1:])))
        return ops.normalize(self._picture_out(self._picture(flat_BC)), axis=-1)

    def embed_texts(self, token_ids):
        """Embeds token ids `(B, L)` as `(B, E)`."""
        seen_BL = ops.cast(token_ids != 0, "float32")
        x_BLC = self._words(token_ids) + self._places(ops.arange(self.max_tokens))
        for block in self._blocks:
            x_BLC = block(x_BLC, seen_BL)
        # Padding must not vote, or short captions would drift together.
        mean_BC = ops.sum(x_BLC * seen_BL[..., None], 1) / ops.sum(
            seen_BL, 1, keepdims=True
        )
        return ops.normalize(self._text_out(mean_BC), axis=-1)

    def compute_loss(self, x=None, y=None, y_pred=None, *_, **__):  # noqa: ARG002
        """Contrasts each pair with the others; equal captions count as right."""
        scale = ops.exp(ops.minimum(self._scale, _LARGEST_SCALE))
        logits_BB = ops.matmul(y_pred["image"], ops.transpose(y_pred["text"])) * scale
        alike_BB = ops.cast(y[:, None] == y[None, :], "float32")
        alike_BB = alike_BB / ops.sum(alike_BB, -1, keepdims=True)
        losses = [
            -ops.mean(ops.sum(alike_BB * ops.log_softmax(logits, axis=-1), -1))
            for logits in (logits_BB, ops.transpose(logits_BB))
        ]
        return sum(losses) / 2

    def get_config(self):
        return {
            **super().get_config(),
            "hidden_dim": self.hidden_dim,
            "vocabulary_size": self.vocabulary_size,
            "max_tokens": self.max_tokens,
        }


@keras.saving.register_keras_serializable("llmvis.judges")
class _TextBlock(keras.layers.Layer):
    """Self-attention and a feed-forward layer, normalised before each."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self._norms = [keras.layers.LayerNormalization() for _ in range(2)]
        self._attention = keras.layers.MultiHeadAttention(
            _NUM_HEADS, _TEXT_DIM // _NUM_HEADS
        )
        self._wide = keras.layers.Dense(2 * _TEXT_DIM, activation="gelu")
        self._back = keras.layers.Dense(_TEXT_DIM)

    def build(self, input_shape):
        for norm in self._norms:
            norm.build(input_shape)
        self._attention.build(input_shape, input_shape)
        self._wide.build(input_shape)
        self._back.build((*input_shape[:-1], 2 * _TEXT_DIM))

    def call(self, states, seen):
        x = self._norms[0](states)
        states = states + self._attention(
            x, x, attention_mask=ops.cast(seen[:, None, :], "bool")
        )
        return states + self._back(self._wide(self._norms[1](states)))
