import keras
import numpy as np
import pytest

from llmvis.errors import StorageError
from llmvis.metrics.image_features import InceptionFeatures, random_conv_features

PICTURES = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), dtype="uint8")


def test_random_features_are_the_same_in_every_report():
    once, again = random_conv_features(PICTURES), random_conv_features(PICTURES)

    assert np.array_equal(once, again)
    assert once.shape == (3, 448)
    assert np.isfinite(once).all()


def test_random_features_tell_pictures_apart():
    features = random_conv_features(np.stack([PICTURES[0], PICTURES[0] // 2]))

    assert not np.allclose(*features)


def test_missing_inception_weights_are_named_with_two_ways_out(tmp_path):
    with pytest.raises(StorageError, match=r"no file is there.*to null"):
        InceptionFeatures(tmp_path / "inception.h5")


def test_a_file_that_holds_no_weights_of_inception_is_refused(tmp_path):
    path = tmp_path / "other.weights.h5"
    path.write_bytes(b"no weights")

    with pytest.raises(StorageError, match="does not hold the weights of Inception"):
        InceptionFeatures(path)


def test_saved_inception_weights_describe_pictures_as_their_network_does(tmp_path):
    path = tmp_path / "inception.weights.h5"
    network = keras.applications.InceptionV3(
        include_top=False, weights=None, pooling="avg", input_shape=(299, 299, 3)
    )
    network.save_weights(path)
    seen = keras.ops.image.resize(PICTURES / np.float32(127.5) - 1, (299, 299))
    features = InceptionFeatures(path)(PICTURES)

    assert features.shape == (3, 2048)
    assert np.allclose(features, network(seen, training=False), atol=1e-5)
