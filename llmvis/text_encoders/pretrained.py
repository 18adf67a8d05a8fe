"""A language model that was trained on far more text than captions are.

Any text backbone of KerasHub (https://keras.io/keras_hub/), frozen or trained on. It
has tokens of its own, mostly several for a rare word. So each of our tokens is handed
on as the backbone's tokens for the same word, and their states are averaged again.

Dimension key: B batch, L our tokens, P the backbone's tokens of one of ours, T = L * P
tokens, E channels of the backbone.
"""

import keras
import numpy as np
from keras import ops

_NONE = -1  # where a token of ours has fewer than P


@keras.saving.register_keras_serializable("llmvis")
class PretrainedTextEncoder(keras.layers.Layer):
    """Reads prompts with the backbone of a language model.

    Args:
        backbone: Takes `token_ids` and `padding_mask` `(B, T)`, and may take
            `segment_ids`; gives states `(B, T, E)`, or a dictionary that has them as
            `sequence_output`.
        pieces: The backbone's tokens for each of our token ids, shape
            `(vocabulary_size, P)`, int32, -1 behind the last. Padding has none.
        hidden_dim: Channels of a state.
        tuned: Whether the backbone is trained on, or frozen.

    Input: Token ids, shape `(B, L)`, int32; 0 is padding.
    Output: States, shape `(B, L, hidden_dim)`; at padding they mean nothing.
    """

    keeps_apart = False  # several prompts of one row

    def __init__(self, backbone, *, pieces, hidden_dim, tuned, **kwargs):
        super().__init__(**kwargs)
        self.backbone, self.hidden_dim, self.tuned = backbone, hidden_dim, tuned
        backbone.trainable = tuned
        if tuned:
            self._leave_what_is_not_heard()
        self._pieces = np.array(pieces, "int32")
        self._out = keras.layers.Dense(hidden_dim, name="write")

    @property
    def pretrained_variables(self):
        """What is trained on, at a rate of its own."""
        return self.backbone.trainable_variables

    def build(self, input_shape):
        self._out.build((*input_shape, _states(self.backbone.output).shape[-1]))

    def call(self, token_ids):
        return self._out(self.backbone_states(token_ids))

    def backbone_states(self, token_ids):
        """What the backbone makes of token ids `(B, L)`, as `(B, L, E)`."""
        length, most = token_ids.shape[1], self._pieces.shape[1]
        flat_BT = ops.reshape(
            ops.take(self._pieces, token_ids, axis=0), (-1, length * most)
        )
        there_BT = ops.not_equal(flat_BT, _NONE)
        # Gaps would count as positions, so tokens are moved up, and back afterwards.
        places = np.arange(length * most)
        order_BT = ops.argsort(ops.where(there_BT, places, places + len(places)))
        packed_BT = ops.take_along_axis(ops.maximum(flat_BT, 0), order_BT, axis=1)
        mask_BT = ops.take_along_axis(ops.cast(there_BT, "int32"), order_BT, axis=1)
        states_BTE = self._read(packed_BT, mask_BT)
        back_BT1 = ops.argsort(order_BT)[..., None]
        states_BTE = ops.take_along_axis(states_BTE, back_BT1, axis=1)
        return self._mean(states_BTE, there_BT, length, most)

    def _leave_what_is_not_heard(self):
        """Freezes what is only on the way to a summary of the whole text."""
        heard = keras.Model(self.backbone.input, _states(self.backbone.output)).layers
        for layer in self.backbone.layers:
            layer.trainable = layer in heard

    def _read(self, token_ids, padding_mask):
        known = {
            "token_ids": token_ids,
            "padding_mask": padding_mask,
            "segment_ids": ops.zeros_like(token_ids),
        }
        inputs = {name: known[name] for name in self.backbone.input}
        return _states(self.backbone(inputs, training=False))

    def _mean(self, states, there, length, most):
        states_BLPE = ops.reshape(states, (-1, length, most, states.shape[-1]))
        weights = ops.cast(ops.reshape(there, (-1, length, most, 1)), states.dtype)
        total_BLE = ops.sum(states_BLPE * weights, axis=2)
        return total_BLE / ops.maximum(ops.sum(weights, axis=2), 1)

    def compute_output_shape(self, input_shape):
        return (*input_shape, self.hidden_dim)

    def get_config(self):
        return {
            **super().get_config(),
            "backbone": keras.saving.serialize_keras_object(self.backbone),
            "pieces": self._pieces.tolist(),
            "hidden_dim": self.hidden_dim,
            "tuned": self.tuned,
        }

    @classmethod
    def from_config(cls, config):
        import keras_hub  # noqa: F401, so that Keras finds the backbone's class

        backbone = keras.saving.deserialize_keras_object(config.pop("backbone"))
        return cls(backbone, **config)


def _states(output):
    return output["sequence_output"] if isinstance(output, dict) else output
