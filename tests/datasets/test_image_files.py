import numpy as np
import pytest
from PIL import Image

from llmvis.datasets.image_files import read_square
from llmvis.errors import ConfigError, DataError

RED, WHITE = (255, 0, 0), (255, 255, 255)


def save(image: Image.Image, path, **options):
    image.save(path, **options)
    return path


def test_transparent_pixels_show_the_background(tmp_path):
    path = save(Image.new("RGBA", (64, 64), (0, 0, 0, 0)), tmp_path / "clear.png")

    pixels, size = read_square(path, 32, "#ff0000")

    assert (pixels == RED).all()
    assert size == (64, 64)


def test_a_wide_picture_is_padded_and_not_distorted(tmp_path):
    path = save(Image.new("RGB", (80, 40), RED), tmp_path / "wide.png")

    pixels, size = read_square(path, 32, "#ffffff")

    assert (pixels[8:24] == RED).all()
    assert (pixels[:8] == WHITE).all()
    assert (pixels[24:] == WHITE).all()
    assert size == (80, 40)


def test_a_photo_taken_sideways_is_turned_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: turn clockwise to see it upright
    path = save(Image.new("RGB", (80, 40), RED), tmp_path / "side.jpg", exif=exif)

    assert read_square(path, 32, "#ffffff")[1] == (40, 80)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "CMYK", "I;16"])
def test_a_light_picture_of_any_mode_stays_light(mode, tmp_path):
    suffix = "tif" if mode == "CMYK" else "png"
    if mode == "I;16":
        image = Image.fromarray(np.full((32, 32), 65535, np.uint16))
    else:
        image = Image.new("RGB", (32, 32), WHITE).convert(mode)

    pixels, _ = read_square(save(image, tmp_path / f"light.{suffix}"), 32, "#000000")

    assert (pixels == WHITE).all()


@pytest.mark.parametrize(
    ("content", "reason"),
    [(None, "no such file"), (b"", "cannot be read"), (b"\x89PNG", "cannot be read")],
)
def test_a_missing_or_broken_file_is_refused_with_its_reason(content, reason, tmp_path):
    if content is not None:
        (tmp_path / "bad.png").write_bytes(content)

    with pytest.raises(DataError, match=reason):
        read_square(tmp_path / "bad.png", 32, "#ffffff")


def test_a_strip_too_long_to_be_seen_is_refused_with_its_size(tmp_path):
    path = save(Image.new("RGB", (500, 3)), tmp_path / "strip.png")

    with pytest.raises(DataError, match="500 by 3"):
        read_square(path, 32, "#ffffff")


def test_a_misspelt_background_is_named_beside_a_right_one(tmp_path):
    with pytest.raises(ConfigError, match=r"'whit'.*#ffffff"):
        read_square(tmp_path / "any.png", 32, "whit")
