"""Image files of any kind to square RGB pictures, as a person would see them."""

import hashlib
import io
import warnings
from collections.abc import Callable
from functools import lru_cache

import numpy as np
from PIL import Image, ImageColor, ImageOps

from llmvis.config import IngestConfig
from llmvis.datasets.image_colors import flatten
from llmvis.datasets.quality import refuse_poor
from llmvis.errors import ConfigError, RefusedItem

_LONGEST_FOR_ITS_WIDTH = 16  # a side of 64 pixels then keeps 4 of the other one
_MOST_BYTES = 2**30  # that a picture takes at most, in each of several processes
_BYTES_OF_PIXEL, _BYTES_OF_CLEAR_PIXEL = 12, 20  # at most, while it is flattened
_DRAFT = 2  # JPEG decodes in part where that leaves this many times the pixels wanted
_AGAIN = "Copy or download it again, or remove it."
_DETAIL_SIDE = 64  # pixels of the shorter side, at which detail is looked for
_NEARLY = 0.98  # of the most detail is as good, and the middle then better
_FIRST_BYTES = (  # of what people have under the names of pictures
    (b"<!doctype html", "an HTML page", "Download the picture itself."),
    (b"<html", "an HTML page", "Download the picture itself."),
    (b"version https://git-lfs", "a pointer of Git LFS", "Run `git lfs pull`."),
    (b"<svg", "a vector drawing", "Save it as PNG."),
    (b"<?xml", "XML, perhaps a vector drawing", "Save it as PNG."),
    (b"%pdf", "a PDF", "Save its picture as PNG."),
)


def read_square(
    data: bytes, config: IngestConfig
) -> tuple[np.ndarray, tuple[int, int]]:
    """Reads a picture upright, in sRGB, on a background, as a square.

    Args:
        data: An image file of any format that Pillow knows, whatever its name. Of an
            animation, the first frame is taken.
        config: Says how large the square is, how a picture becomes one, what shows
            through transparent pixels, and which pictures are taken.

    Returns:
        The picture, shape `(image_size, image_size, 3)` uint8, and the width and
        height that the file has, upright.

    Raises:
        RefusedItem: The file is broken, far too large, too small, far too long, or
            shows too little.
        ConfigError: The background is not a colour.
    """
    color = parse_color(config.background)
    square = (config.image_size, config.image_size)
    _refuse_other_kinds(data)
    try:
        with warnings.catch_warnings():
            # Pillow warns of oddities in files that it then reads well.
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data)) as file:
                _refuse_size(file, config.min_side)
                size = _upright_size(file)  # PNG may keep that behind the pixels
                file.draft("RGB", (_DRAFT * square[0], _DRAFT * square[1]))
                ImageOps.exif_transpose(file, in_place=True)
                image = flatten(file, color)
    except (RefusedItem, MemoryError):
        raise
    except Exception as error:
        # A broken file can make a decoder raise anything: struct.error, SyntaxError...
        raise _refusal(error) from error
    fitted = _FITS[config.fit](image, square, Image.Resampling.LANCZOS)
    refuse_poor(fitted, config)
    # Only what is contained is not yet a square.
    return np.asarray(ImageOps.pad(fitted, square, color=color)), size


def _fit_detail(
    image: Image.Image, square: tuple[int, int], method: Image.Resampling
) -> Image.Image:
    """Crops to the square in which neighbouring pixels differ most."""
    scale = _DETAIL_SIDE / min(image.size)
    size = (round(image.width * scale), round(image.height * scale))
    luma = np.asarray(image.convert("L").resize(size), np.float32)
    along = int(image.width >= image.height)  # the axis that is cropped
    across, down = (np.abs(np.diff(luma, axis=axis)) for axis in (1, 0))
    profile = np.zeros(luma.shape[along])
    for steps in (across, down):
        summed = steps.sum(axis=1 - along)
        profile[: len(summed)] += summed
    sums = np.cumsum([0.0, *profile])
    detail = sums[_DETAIL_SIDE:] - sums[:-_DETAIL_SIDE]
    middle = (len(detail) - 1) / 2
    good = np.flatnonzero(detail >= _NEARLY * detail.max())
    place = good[np.abs(good - middle).argmin()] / max(1, len(detail) - 1)
    centering = (place, 0.5) if along else (0.5, place)
    return ImageOps.fit(image, square, method, centering=centering)


_FITS: dict[str, Callable[..., Image.Image]] = {
    "pad": ImageOps.contain,  # whole, with background beside it
    "crop": ImageOps.fit,  # the middle, as much as a square holds
    "shifted_crop": _fit_detail,  # the part with most detail, as much as a square holds
    "stretch": Image.Image.resize,  # whole, and distorted
}


def picture_id(pixels: np.ndarray) -> str:
    """Names a picture by its pixels and their shape: 64 hex digits."""
    return hashlib.sha256(f"{pixels.shape}".encode() + pixels.tobytes()).hexdigest()


@lru_cache(maxsize=1)  # it is asked for each picture anew
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


def _refuse_other_kinds(data: bytes) -> None:
    if not data:
        raise RefusedItem("the file is empty", _AGAIN)
    start = data[:512].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for first_bytes, what, fix in _FIRST_BYTES:
        if start.startswith(first_bytes):
            raise RefusedItem(f"it is {what} and no picture", fix)


def _upright_size(file: Image.Image) -> tuple[int, int]:
    turned = file.getexif().get(0x0112, 1) in (5, 6, 7, 8)
    return (file.height, file.width) if turned else file.size


def _refuse_size(file: Image.Image, min_side: int) -> None:
    """Looks at the header alone: nothing is decoded yet."""
    shape = f"it is {file.width} by {file.height}"
    longer, shorter = max(file.size), min(file.size)
    if longer > _LONGEST_FOR_ITS_WIDTH * shorter:
        raise RefusedItem(f"{shape}, too long to be seen", "Cut it into pieces.")
    if shorter < min_side:
        raise RefusedItem(
            f"{shape}, and a side must have {min_side} pixels",
            "Find a larger one, or lower ingest.min_side.",
        )
    is_clear = file.has_transparency_data
    of_pixel = _BYTES_OF_CLEAR_PIXEL if is_clear else _BYTES_OF_PIXEL
    num_bytes = of_pixel * file.width * file.height
    if num_bytes > _MOST_BYTES:
        raise RefusedItem(
            f"{shape}, and would take {num_bytes >> 20} MiB", "Make it smaller."
        )


def _refusal(error: Exception) -> RefusedItem:
    if isinstance(error, Image.DecompressionBombWarning | Image.DecompressionBombError):
        return RefusedItem(f"it is far too large: {error}", "Make it smaller.")
    if isinstance(error, Image.UnidentifiedImageError):
        return RefusedItem(
            "it is broken, or in no format that is read here (HEIC is not)",
            "Save it as PNG or JPEG.",
        )
    return RefusedItem(f"it is broken: {type(error).__name__}: {error}", _AGAIN)
