"""Pictures as PNG files (https://www.w3.org/TR/png-3), losslessly.

Writing is our own. Pillow tries every filter on every row, which takes longer than all
the rest; the one filter here makes files 5 % larger in half of the time. Reading is
Pillow's.
"""

import io
import struct
import zlib

import numpy as np
from PIL import Image

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEADER = struct.Struct(">IIBBBBB")
_COLOR = (8, 2, 0, 0, 0)  # bits of a sample; RGB, deflate, adaptive, not interlaced
_UP = 2  # the filter that writes each row as its difference to the one above
_LEVEL = 1  # four times as fast as the default of 6, and 10 % larger


def encode_png(image: np.ndarray) -> bytes:
    """Encodes one picture, shape `(H, W, 3)` uint8."""
    height, width, _ = image.shape
    rows = image.reshape(height, 3 * width)
    filtered = np.empty((height, 1 + 3 * width), np.uint8)
    filtered[:, 0] = _UP
    filtered[0, 1:] = rows[0]
    np.subtract(rows[1:], rows[:-1], out=filtered[1:, 1:])
    return b"".join(
        (
            _SIGNATURE,
            _chunk(b"IHDR", _HEADER.pack(width, height, *_COLOR)),
            _chunk(b"IDAT", zlib.compress(filtered.data, _LEVEL)),
            _chunk(b"IEND", b""),
        )
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    check = zlib.crc32(data, zlib.crc32(kind))
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)


def decode_png(data: bytes) -> np.ndarray:
    """Decodes a picture that `encode_png` wrote, to `(H, W, 3)` uint8."""
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB"))
