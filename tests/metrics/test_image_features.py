import numpy as np
import pytest

from llmvis.errors import StorageError
from llmvis.metrics.image_features import inception_features, random_conv_features

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
        inception_features(PICTURES, tmp_path / "inception.h5")
