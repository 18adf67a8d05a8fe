import struct
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageFilter

from llmvis import config
from llmvis.datasets import quality
from llmvis.datasets.image_files import read_square
from llmvis.errors import ConfigError, RefusedItem

INGEST = config.read(Path(__file__).parents[2] / "params.yaml").ingest
RED, WHITE = (255, 0, 0), (255, 255, 255)


def read(data, image_size, background, min_side, **others):
    asked = {"image_size": image_size, "background": background, "min_side": min_side}
    return read_square(data, replace(INGEST, **asked, **others))


def save(image: Image.Image, path, **options):
    image.save(path, **options)
    return path


def test_transparent_pixels_show_the_background(tmp_path):
    path = save(Image.new("RGBA", (64, 64), (0, 0, 0, 0)), tmp_path / "clear.png")

    pixels, size = read(path.read_bytes(), 32, "#ff0000", 8)

    assert (pixels == RED).all()
    assert size == (64, 64)


def test_a_wide_picture_is_padded_and_not_distorted(tmp_path):
    path = save(Image.new("RGB", (80, 40), RED), tmp_path / "wide.png")

    pixels, size = read(path.read_bytes(), 32, "#ffffff", 8)

    assert (pixels[8:24] == RED).all()
    assert (pixels[:8] == WHITE).all()
    assert (pixels[24:] == WHITE).all()
    assert size == (80, 40)


def test_a_photo_taken_sideways_is_turned_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: turn clockwise to see it upright
    path = save(Image.new("RGB", (80, 40), RED), tmp_path / "side.jpg", exif=exif)

    assert read(path.read_bytes(), 32, "#ffffff", 8)[1] == (40, 80)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "CMYK", "I;16"])
def test_a_light_picture_of_any_mode_stays_light(mode, tmp_path):
    suffix = "tif" if mode == "CMYK" else "png"
    if mode == "I;16":
        image = Image.fromarray(np.full((32, 32), 65535, np.uint16))
    else:
        image = Image.new("RGB", (32, 32), WHITE).convert(mode)

    path = save(image, tmp_path / f"light.{suffix}")
    pixels, _ = read(path.read_bytes(), 32, "#000000", 8)

    assert (pixels == WHITE).all()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the file is empty"),
        (b"\x89PNG", "is broken, or in no format"),
        (b" <!DOCTYPE html><p>Not found", "an HTML page and no picture"),
        (b"version https://git-lfs.github.com/spec/v1", "a pointer of Git LFS"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "a vector drawing"),
    ],
)
def test_what_is_no_picture_is_refused_with_its_reason(content, reason):
    with pytest.raises(RefusedItem, match=reason) as refused:
        read(content, 32, "#ffffff", 8)

    assert refused.value.fix


@pytest.mark.parametrize("share", [0.3, 0.9])
@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "gif", "tiff"])
def test_a_file_that_is_cut_off_is_refused(share, suffix, tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    path = save(Image.fromarray(noise), tmp_path / f"whole.{suffix}")
    data = path.read_bytes()

    with pytest.raises(RefusedItem, match="broken"):
        read(data[: int(share * len(data))], 32, "#ffffff", 8)


def test_an_animation_gives_its_first_frame(tmp_path):
    path = tmp_path / "a.gif"
    rest = [Image.new("RGB", (32, 32), WHITE)]
    save(Image.new("RGB", (32, 32), RED), path, save_all=True, append_images=rest)

    assert (read(path.read_bytes(), 32, "#ffffff", 8)[0] == RED).all()


def test_a_palette_with_transparency_shows_the_background(tmp_path):
    image = Image.new("P", (32, 32))
    image.putpalette([0, 0, 255])
    path = save(image, tmp_path / "a.png", transparency=0)

    assert (read(path.read_bytes(), 32, "#ff0000", 8)[0] == RED).all()


def test_a_colour_profile_is_followed_to_srgb(tmp_path):
    rgb = Image.new("RGB", (32, 32), (200, 100, 50))
    lab = ImageCms.createProfile("LAB")
    to_lab = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), lab, "RGB", "LAB")
    image = ImageCms.applyTransform(rgb, to_lab)
    profile = ImageCms.ImageCmsProfile(lab).tobytes()
    path = save(image, tmp_path / "a.tif", icc_profile=profile)

    pixels = read(path.read_bytes(), 32, "#ffffff", 8)[0].astype(int)

    assert np.abs(pixels - (200, 100, 50)).max() <= 3


def test_a_broken_colour_profile_is_passed_over(tmp_path):
    path = tmp_path / "a.png"
    save(Image.new("RGB", (32, 32), RED), path, icc_profile=b"no profile")

    assert (read(path.read_bytes(), 32, "#ffffff", 8)[0] == RED).all()


def bomb(width: int, height: int) -> bytes:
    """The header of a PNG of so many pixels, of which there are none."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b""))]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data))
        + name
        + data
        + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )


@pytest.mark.parametrize("side", [9_500, 30_000])
def test_a_bomb_is_refused_by_its_header(side):
    with pytest.raises(RefusedItem, match=r"far too large.*\d+ pixels"):
        read(bomb(side, side), 32, "#ffffff", 8)


@pytest.mark.parametrize("size", [(500, 3), (3, 500)])
def test_a_strip_too_long_to_be_seen_is_refused_with_its_size(size, tmp_path):
    path = save(Image.new("RGB", size), tmp_path / "strip.png")

    with pytest.raises(RefusedItem, match=f"{size[0]} by {size[1]}, too long"):
        read(path.read_bytes(), 32, "#ffffff", 8)


def test_a_picture_smaller_than_asked_is_refused_with_the_key(tmp_path):
    path = save(Image.new("RGB", (9, 7)), tmp_path / "tiny.png")

    with pytest.raises(RefusedItem, match=r"9 by 7.*8 pixels") as refused:
        read(path.read_bytes(), 32, "#ffffff", 8)

    assert "ingest.min_side" in refused.value.fix
    assert read(path.read_bytes(), 32, "#ffffff", 7)[1] == (9, 7)


def test_a_misspelt_background_is_named_beside_a_right_one():
    with pytest.raises(ConfigError, match=r"'whit'.*#ffffff"):
        read(b"", 32, "whit", 8)


def stripes(tmp_path):
    """A wide picture: red in the middle, white at both ends."""
    image = Image.new("RGB", (80, 40), WHITE)
    image.paste(RED, (20, 0, 60, 40))
    return save(image, tmp_path / "stripes.png").read_bytes()


def test_a_wide_picture_is_cropped_to_its_middle_where_that_is_asked_for(tmp_path):
    pixels, size = read(stripes(tmp_path), 32, "#000000", 8, fit="crop")

    assert (pixels[:, 2:30] == RED).all()
    assert size == (80, 40)


def test_a_wide_picture_is_stretched_where_that_is_asked_for(tmp_path):
    pixels, _ = read(stripes(tmp_path), 32, "#000000", 8, fit="stretch")

    assert (pixels[:, 12:20] == RED).all()
    assert (pixels[:, [0, 31]] == WHITE).all()


def chessboard(blur, tmp_path):
    squares = np.indices((32, 32)).sum(axis=0) // 4 % 2 * 255
    image = Image.fromarray(squares.astype(np.uint8)).filter(
        ImageFilter.GaussianBlur(blur)
    )
    return save(image, tmp_path / "board.png").read_bytes()


def test_a_blurred_picture_is_refused_where_a_sharpness_is_asked_for(tmp_path):
    sharp, blurred = chessboard(0, tmp_path), chessboard(2, tmp_path)
    read(sharp, 32, "#ffffff", 8, min_sharpness=500)
    read(blurred, 32, "#ffffff", 8)

    with pytest.raises(RefusedItem, match=r"sharpness is \d.*500") as refused:
        read(blurred, 32, "#ffffff", 8, min_sharpness=500)

    assert "ingest.min_sharpness" in refused.value.fix


def test_a_flat_picture_is_refused_and_the_background_beside_it_counts_for_nothing(
    tmp_path,
):
    data = save(Image.new("RGB", (80, 40), RED), tmp_path / "flat.png").read_bytes()
    read(chessboard(0, tmp_path), 32, "#000000", 8, min_contrast=100)

    with pytest.raises(RefusedItem, match=r"contrast is 0\.0, and has to be 1$"):
        read(data, 32, "#000000", 8, min_contrast=1)
    with pytest.raises(RefusedItem, match=r"sharpness is 0\.0, and has to be 1$"):
        read(data, 32, "#000000", 8, min_sharpness=1)


def test_contrast_and_sharpness_are_those_of_hand_computed_pictures():
    halves = np.repeat([[0.0, 255.0]], 4, axis=0)
    dot = np.zeros((5, 5))
    dot[2, 2] = 1

    assert quality.contrast(halves) == 127.5
    # The Laplacian of a dot is -4 there, 1 at its four neighbours, and 0 elsewhere.
    assert quality.sharpness(dot) == pytest.approx((16 + 4) / 25)


def test_a_transparent_level_of_a_16_bit_grey_picture_shows_the_background(tmp_path):
    values = np.full((32, 32), 40_000, np.uint16)
    values[:16] = 300
    path = tmp_path / "deep.png"
    Image.fromarray(values).save(path, transparency=300)

    pixels, _ = read(path.read_bytes(), 32, "#ff0000", 8)

    assert (pixels[:16] == RED).all()
    assert (pixels[16:] == 40_000 // 257).all()


@pytest.mark.parametrize("turned", [False, True])
def test_a_shifted_crop_has_what_is_at_the_edge(turned, tmp_path):
    values = np.full((40, 120, 3), 255, np.uint8)
    values[10:30, 85:110:4] = RED
    image = Image.fromarray(values.transpose(1, 0, 2) if turned else values)
    data = save(image, tmp_path / "wide.png").read_bytes()

    shifted, _ = read(data, 32, "#ffffff", 8, fit="shifted_crop")
    middle, _ = read(data, 32, "#ffffff", 8, fit="crop")

    assert (middle == WHITE).all()
    lines = (shifted.min(axis=2) < 200).any(axis=int(turned))
    assert lines.sum() >= 8


def test_a_shifted_crop_of_what_is_even_is_its_middle(tmp_path):
    values = np.arange(120, dtype=np.uint8)[None].repeat(40, 0)
    data = save(Image.fromarray(values), tmp_path / "even.png").read_bytes()

    read_as = [
        read(data, 32, "#ffffff", 8, fit=fit)[0] for fit in ("crop", "shifted_crop")
    ]

    assert np.array_equal(*read_as)


def test_a_picture_of_few_levels_is_refused_where_more_entropy_is_asked(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (32, 32), np.uint8)
    page = np.where(noise > 230, 0, 255).astype(np.uint8)
    for name, values in (("noise", noise), ("page", page)):
        save(Image.fromarray(values), tmp_path / f"{name}.png")

    read((tmp_path / "noise.png").read_bytes(), 32, "#ffffff", 8, min_entropy=6)
    with pytest.raises(RefusedItem, match=r"its entropy is 0\.\d, and has to be 2"):
        read((tmp_path / "page.png").read_bytes(), 32, "#ffffff", 8, min_entropy=2)


def test_entropy_is_counted_in_bits():
    levels = np.repeat(np.arange(8), 8).reshape(8, 8)

    assert quality.entropy(levels) == 3.0
    assert quality.entropy(np.zeros((8, 8))) == 0.0
