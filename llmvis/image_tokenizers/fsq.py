"""Finite scalar quantization: image features to integer digits, with no codebook.

Mentzer et al., 2023, "Finite Scalar Quantization: VQ-VAE Made Simple",
https://arxiv.org/abs/2309.15505. The paper numbers the whole vector with one code;
here each channel keeps its own digit, because a generator that draws digit after digit
never needs a softmax over their product. The paper learns the features and passes the
gradient round the rounding; here they are colours, and nothing is to be learnt.

Dimension key: B batch, H grid rows, W grid columns, D digits (feature channels).
"""

import keras
from keras import ops

from llmvis.errors import ConfigError


@keras.saving.register_keras_serializable("llmvis")
class FiniteScalarQuantizer(keras.layers.Layer):
    """Rounds every feature channel to one of a few evenly spaced values.

    Args:
        num_levels: Values each channel may take. Odd, so that zero is one of them.
            (The paper also has even counts, which need a half-step offset.)

    Input: Features, shape `(B, H, W, D)`; what is not in [-1, 1] is clipped.
    Output: Quantized features, same shape, in [-1, 1]. No gradient passes.

    Raises:
        ConfigError: The number of levels is even or below 3.
    """

    def __init__(self, num_levels, **kwargs):
        super().__init__(**kwargs)
        if num_levels < 3 or num_levels % 2 == 0:
            raise ConfigError(
                f"num_levels is {num_levels}, and must be odd and at least 3. "
                f"Use {max(3, num_levels + 1)}."
            )
        self.num_levels = num_levels
        self._half = (num_levels - 1) / 2

    def call(self, features):
        return ops.round(ops.clip(features, -1.0, 1.0) * self._half) / self._half

    def squash(self, features):
        """Quantizes what is of any size, and passes the gradient round the rounding."""
        bounded = ops.tanh(features)
        return bounded + ops.stop_gradient(self(bounded) - bounded)

    def encode(self, quantized):
        """Numbers each channel: values in [-1, 1] to int32 digits in [0, levels)."""
        return ops.cast(ops.round((quantized + 1) * self._half), "int32")

    def decode(self, codes):
        """Undoes `encode`: int32 digits to values in [-1, 1]."""
        return ops.cast(codes, "float32") / self._half - 1

    def get_config(self):
        return {**super().get_config(), "num_levels": self.num_levels}
