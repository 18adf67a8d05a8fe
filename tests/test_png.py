import io

import numpy as np
import pytest
from PIL import Image
from skimage import data

from llmvis.png import decode_png, encode_png


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 9, 3), (9, 1, 3), (64, 48, 3)])
def test_pixels_survive_a_png(shape):
    image = np.random.default_rng(0).integers(0, 256, shape, np.uint8)

    assert np.array_equal(decode_png(encode_png(image)), image)


def test_a_png_is_whole_to_other_readers_and_takes_little_more_than_theirs():
    image = data.astronaut()[::2, ::-2]  # not in one piece in memory
    ours, theirs = encode_png(image), io.BytesIO()
    Image.fromarray(image).save(theirs, "PNG", compress_level=1)
    with Image.open(io.BytesIO(ours)) as file:
        file.verify()  # every checksum

        assert (file.format, file.mode, file.size) == ("PNG", "RGB", (256, 256))
    assert len(ours) < 1.1 * len(theirs.getvalue())
