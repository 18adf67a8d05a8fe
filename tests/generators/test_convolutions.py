"""From a vector to a picture and back, and sizes that cannot be reached."""

import numpy as np
import pytest

from llmvis.errors import ConfigError
from llmvis.generators.convolutions import Painter, Viewer


@pytest.mark.parametrize("size", [16, 64])
def test_a_painter_paints_pictures_of_its_size_and_a_viewer_sees_them(size):
    painter, viewer = Painter(16, size), Viewer(16, size)
    pictures = np.asarray(painter(np.ones((2, 5), "float32")))

    assert pictures.shape == (2, size, size, 3)
    assert np.all((pictures >= 0) & (pictures <= 1))
    assert viewer(pictures).shape == (2, viewer.num_features)


def test_a_size_that_no_doubling_reaches_is_refused():
    with pytest.raises(ConfigError, match=r"image_size is 48.*32, 64, 128"):
        Painter(16, 48)
