"""Image files of any kind to square RGB pictures, as a person would see them."""

import hashlib
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageColor, ImageOps

from llmvis.errors import ConfigError, DataError

_LONGEST_FOR_ITS_WIDTH = 16  # a side of 64 pixels then keeps 4 of the other one


def read_square(
    path: Path, image_size: int, background: str
) -> tuple[np.ndarray, tuple[int, int]]:
    """Reads a picture upright, on a background, padded to a square.

    Args:
        path: An image file of any format that Pillow knows. Of an animation, the first
            frame is taken.
        image_size: Side of the square, in pixels.
        background: What shows through transparent pixels and beside a picture that is
            not square, as #rrggbb.

    Returns:
        The picture, shape `(image_size, image_size, 3)` uint8, and the width and
        height that the file has, upright.

    Raises:
        DataError: The file is missing, broken, far too large or far too long.
        ConfigError: `background` is not a colour.
    """
    color = parse_color(background)
    try:
        with warnings.catch_warnings():
            # Pillow warns of oddities in files that it then reads well.
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as file:
                upright = ImageOps.exif_transpose(file)
                image = _compose(upright, color)
    except FileNotFoundError as error:
        raise DataError("there is no such file") from error
    except Exception as error:
        # A broken file can make a decoder raise anything: struct.error, SyntaxError...
        raise DataError(
            f"it cannot be read: {type(error).__name__}: {error}"
        ) from error
    if max(image.size) > _LONGEST_FOR_ITS_WIDTH * min(image.size):
        raise DataError(f"it is {image.width} by {image.height}, too long to be seen")
    square = (image_size, image_size)
    padded = ImageOps.pad(image, square, Image.Resampling.LANCZOS, color=color)
    return np.asarray(padded), image.size


def picture_id(pixels: np.ndarray) -> str:
    """Names a picture by its pixels and their shape: 64 hex digits."""
    return hashlib.sha256(f"{pixels.shape}".encode() + pixels.tobytes()).hexdigest()


def parse_color(text: str) -> tuple[int, int, int]:
    """Reads #rrggbb.

    Raises:
        ConfigError: It is not a colour.
    """
    try:
        red, green, blue = ImageColor.getrgb(text)[:3]
    except ValueError as error:
        raise ConfigError(
            f'ingest.background is {text!r}, and must be a colour such as "#ffffff".'
        ) from error
    return red, green, blue


def _compose(image: Image.Image, color: tuple[int, int, int]) -> Image.Image:
    """Gives the picture as RGB, its transparent pixels over `color`."""
    if image.mode.startswith("I"):  # Pillow would cut 16 bits at 255 instead
        image = Image.fromarray((np.asarray(image) // 257).astype(np.uint8))
    if image.mode == "F":
        raise DataError("its pixels are floating-point numbers of unknown range")
    if not image.has_transparency_data:
        return image.convert("RGB")
    canvas = Image.new("RGBA", image.size, (*color, 255))
    canvas.alpha_composite(image.convert("RGBA"))
    return canvas.convert("RGB")
