"""Pixels of any mode, depth and colour space to sRGB without transparency."""

import io
from functools import lru_cache

import numpy as np
from PIL import Image, ImageCms

from llmvis.errors import RefusedItem


def flatten(image: Image.Image, color: tuple[int, int, int]) -> Image.Image:
    """Gives the picture as sRGB, its transparent pixels over `color`.

    Raises:
        RefusedItem: Its numbers have no known range.
    """
    if image.mode.startswith("I"):
        image = _from_16_bits(image)
    if image.mode == "F":
        raise RefusedItem(
            "its pixels are floating-point numbers of unknown range",
            "Save it with 8 bits for each colour.",
        )
    if not image.has_transparency_data:
        return _to_srgb(image)
    clear = image if image.mode == "RGBA" else image.convert("RGBA")
    canvas = Image.new("RGBA", image.size, (*color, 255))
    if "icc_profile" in image.info:
        solid = _to_srgb(clear)
        solid.putalpha(clear.getchannel("A"))
        clear = solid
    canvas.alpha_composite(clear)
    return canvas.convert("RGB")


def _from_16_bits(image: Image.Image) -> Image.Image:
    """Scales to 8 bits, where Pillow would cut at 255.

    Of a PNG, one level may be transparent; Pillow only notes which.
    """
    values = np.asarray(image)
    if values.min() < 0 or values.max() > 65535:
        raise RefusedItem(
            "its pixels are whole numbers of unknown range",
            "Save it with 8 bits for each colour.",
        )
    scaled = Image.fromarray((values // 257).astype(np.uint8))
    scaled.info = dict(image.info)
    clear = scaled.info.pop("transparency", None)
    if clear is not None:
        solid = np.where(values == clear, 0, 255).astype(np.uint8)
        scaled.putalpha(Image.fromarray(solid))
    return scaled


def _to_srgb(image: Image.Image) -> Image.Image:
    """Follows the file's colour profile, if it has one that can be followed."""
    profile = image.info.get("icc_profile")
    plain = image if image.mode in ("L", "RGB", "CMYK", "LAB") else image.convert("RGB")
    transform = _transform(profile, plain.mode) if profile else None
    if transform is None:
        return plain.convert("RGB")
    return ImageCms.applyTransform(plain, transform) or plain.convert("RGB")


@lru_cache(maxsize=16)  # one camera or one program has one profile
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """Builds the way from a profile to sRGB; None where it is sRGB, or broken."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "sRGB" in ImageCms.getProfileDescription(source):
            return None
        target = ImageCms.createProfile("sRGB")
        return ImageCms.buildTransform(source, target, mode, "RGB")
    except (ImageCms.PyCMSError, OSError):
        return None  # what most programs do
