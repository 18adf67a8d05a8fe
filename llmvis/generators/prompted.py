"""What every generator has: a text encoder of its own, which is saved with it.

Dimension key: B batch, L text tokens, C channels.
"""

import keras
from keras import ops


class Prompted(keras.Model):
    """A network that reads prompts.

    Args:
        text_encoder: Layer from token ids to states.
    """

    sizes: tuple[str, ...]  # names of its other arguments, kept as attributes
    draws_in_steps = False  # whether `num_steps` of a draw changes the graph
    competes = False  # whether its loss is a game of two, which says little of fit

    def __init__(self, text_encoder, **kwargs):
        super().__init__(**kwargs)
        self.text_encoder = text_encoder

    @property
    def pretrained_variables(self):
        """What was learnt elsewhere and is trained on, at a rate of its own."""
        return self.text_encoder.pretrained_variables

    def build(self, input_shape):
        if not self.text_encoder.built:  # as it is where it was loaded
            self.text_encoder.build(input_shape["token_ids"])

    def _read_prompts(self, token_ids, null_ids, draw):
        """Prompts `(B, L)` and their states `(B, L, C)`.

        Where the draw is guided, as many empty prompts stand behind them. Those are all
        alike, so they are read once.
        """
        text_states = self.text_encoder(token_ids)
        if not draw.guided:
            return token_ids, text_states
        null_1L = ops.expand_dims(null_ids, 0)
        return tuple(
            ops.concatenate([ours, ops.broadcast_to(null, ops.shape(ours))])
            for ours, null in (
                (token_ids, null_1L),
                (text_states, self.text_encoder(null_1L)),
            )
        )

    def get_config(self):
        return {
            **super().get_config(),
            "text_encoder": keras.saving.serialize_keras_object(self.text_encoder),
            **{name: getattr(self, name) for name in self.sizes},
        }

    @classmethod
    def from_config(cls, config):
        encoder = keras.saving.deserialize_keras_object(config.pop("text_encoder"))
        return cls(encoder, **config)
