import base64
import io

import numpy as np
import pytest
from PIL import Image

from llmvis.evaluation.formats import as_address, percent, points, short, split_title


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.0, "0 %"), (0.004, "0.4 %"), (0.734, "73 %"), (0.996, "99.6 %"), (1, "100 %")],
)
def test_a_hundred_percent_means_all_and_zero_means_none(share, text):
    assert percent(share) == text.replace(" ", "\N{NO-BREAK SPACE}")


def test_a_difference_has_a_sign_that_screen_readers_say():
    assert points(-0.083) == "\N{MINUS SIGN}8.3"
    assert points(0.01) == "+1.0"


@pytest.mark.parametrize(
    ("value", "text"), [(0.01234, "0.0123"), (4.567, "4.57"), (12345.6, "12,346")]
)
def test_numbers_keep_three_digits(value, text):
    assert short(value) == text


def test_a_split_is_named_for_people():
    assert split_title("test_unseen_scene") == "unseen scene"


def test_pictures_inside_the_page_keep_every_pixel():
    image = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype="uint8")
    encoded = as_address(image).removeprefix("data:image/webp;base64,")
    with Image.open(io.BytesIO(base64.b64decode(encoded))) as back:
        assert np.array_equal(np.asarray(back), image)
