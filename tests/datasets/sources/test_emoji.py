import io

import numpy as np
import pytest
from PIL import Image, features

from llmvis.datasets.place import Place
from llmvis.datasets.sources import detect, emoji
from llmvis.errors import DataError

ASTRONAUT = "1F469-200D-1F680"  # one picture of three signs


@pytest.fixture
def font(tmp_path):
    """The items of the installed font; where there is none, the error is tested."""
    place = Place(str(tmp_path))
    if emoji.installed_font():
        return place, {item.name: item for item in emoji.list_items(place)}
    with pytest.raises(DataError, match=r"apt install fonts-noto.*ingest\.path"):
        list(emoji.list_items(place))
    pytest.skip("no colour font is installed, and the error says which to install")


def test_emoji_have_names_in_two_languages(font):
    _, items = font

    assert len(items) > 3000
    assert [(c.text, c.lang) for c in items["1F600"].captions] == [
        ("grinning face", "en"),
        ("嘿嘿", "zh"),
    ]


def test_emoji_are_drawn_in_colour_each_as_one_picture(font):
    place, items = font
    names = ["1F600", "2764-FE0F"]
    names += ["1F1E8-1F1F3", ASTRONAUT] if features.check("raqm") else []
    for name in names:
        data = items[name].picture.read(place)
        image = Image.open(io.BytesIO(data))
        red, _, blue, alpha = np.moveaxis(np.asarray(image).astype(int), -1, 0)

        assert 100 < image.width < 150
        assert image.height < 150
        assert (alpha == 255).mean() > 0.3
        assert np.abs(red - blue).max() > 100


def test_a_font_is_known_for_what_it_is(tmp_path):
    (tmp_path / "Some.ttf").write_bytes(b"no font")
    place = Place(str(tmp_path / "Some.ttf"))

    assert detect(place) == "emoji"
    with pytest.raises(DataError, match=r"Some\.ttf cannot be drawn.*NotoColorEmoji"):
        list(emoji.list_items(place))
