"""Features of pictures that no generator and no judge was trained with."""

from pathlib import Path

import keras
import numpy as np

from llmvis.errors import StorageError

_WIDTHS = (32, 64, 128)
_SEED = 20200226  # any will do, as long as all reports share it


def random_conv_features(images: np.ndarray) -> np.ndarray:
    """Describes pictures by a convolutional network of fixed random weights.

    Naeem et al., 2020, https://arxiv.org/abs/2002.09797, recommend random weights
    where pictures are unlike photographs.

    Args:
        images: Shape `(B, H, W, 3)`, uint8.

    Returns:
        Means and deviations of every channel of every layer, shape `(B, 448)`.
    """
    inputs = keras.Input((*images.shape[1:3], 3))
    hidden, summaries = inputs, []
    for depth, width in enumerate(_WIDTHS):
        hidden = keras.layers.Conv2D(
            width,
            3,
            strides=2,
            padding="same",
            activation="relu",
            kernel_initializer=keras.initializers.HeNormal(_SEED + depth),
        )(hidden)
        summaries += [
            keras.ops.mean(hidden, axis=(1, 2)),
            keras.ops.std(hidden, axis=(1, 2)),
        ]
    network = keras.Model(inputs, keras.ops.concatenate(summaries, axis=-1))
    return _run(network, images, lambda block: block / 127.5 - 1)


class InceptionFeatures:
    """Describes pictures by Inception v3, the only features that FID may name.

    Called with pictures, shape `(B, H, W, 3)`, uint8, it gives shape `(B, 2048)`.

    Args:
        weights: The `.h5` or `.weights.h5` file of `keras.applications.InceptionV3`
            without its top.

    Raises:
        StorageError: The weights are not there, or are another network's.
    """

    def __init__(self, weights: Path):
        if not weights.exists():
            raise StorageError(
                f"evaluate.inception_weights names {weights}, and no file is there. "
                "Download the weights of keras.applications.InceptionV3 without top "
                "(inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5) to that "
                "place, or set evaluate.inception_weights to null to leave FID out."
            )
        self._network = keras.applications.InceptionV3(
            include_top=False, weights=None, pooling="avg", input_shape=(299, 299, 3)
        )
        try:
            self._network.load_weights(weights)
        except (ValueError, OSError) as error:
            raise StorageError(
                f"{weights} does not hold the weights of Inception v3 without its top."
            ) from error

    def __call__(self, images: np.ndarray) -> np.ndarray:
        return _run(self._network, images, _as_inception_sees)


def _as_inception_sees(block: np.ndarray):
    return keras.ops.image.resize(block / 127.5 - 1, (299, 299))


def _run(network, images: np.ndarray, prepare) -> np.ndarray:
    blocks = [
        np.asarray(network(prepare(images[i : i + 128].astype("float32"))))
        for i in range(0, len(images), 128)
    ]
    return np.concatenate(blocks)
