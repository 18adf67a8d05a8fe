"""Rounding of features to digits."""

import numpy as np
import pytest

from llmvis.errors import ConfigError
from llmvis.image_tokenizers.fsq import FiniteScalarQuantizer


def test_every_digit_survives_a_round_trip():
    quantizer = FiniteScalarQuantizer(7)
    digits = np.arange(7, dtype="int32").reshape(1, 1, 7, 1)

    assert np.array_equal(quantizer.encode(quantizer.decode(digits)), digits)


def test_features_become_the_nearest_of_evenly_spaced_values():
    features = np.array([-9.0, -0.3, 0.1, 0.6, 0.8], "float32")

    assert np.allclose(FiniteScalarQuantizer(5)(features), [-1, -0.5, 0, 0.5, 1])


def test_an_even_number_of_levels_is_refused_with_the_number_to_use_instead():
    with pytest.raises(ConfigError, match=r"num_levels is 8.*Use 9"):
        FiniteScalarQuantizer(8)
