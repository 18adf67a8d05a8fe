"""Emoji of a colour font, with their names in English and Chinese.

The font is `ingest.path`, or the installed one; the names are of the package `emoji`.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from llmvis.datasets import caption_text
from llmvis.datasets.item import Item
from llmvis.datasets.place import Place, suffix
from llmvis.errors import DataError, RefusedItem
from llmvis.records import Refusal

_SIZE = 109  # of the bitmaps of Noto Color Emoji; FreeType does not scale bitmaps
_FONT = "NotoColorEmoji.ttf"
_FOLDERS = ("~/.local/share/fonts", "/usr/local/share/fonts", "/usr/share/fonts")


def is_here(place: Place) -> bool:
    """Tells by a font that the address names."""
    return suffix(place.only or "") == ".ttf"


def list_items(place: Place) -> Iterator[Item | Refusal]:
    """Lists every emoji that the package has a name of."""
    _font(place)  # where there is none, it is said at once
    try:
        import emoji
    except ImportError as error:
        raise DataError(
            "ingest.source is emoji, and their names are in the package `emoji`, which "
            "is missing. Run `uv sync --extra emoji`."
        ) from error
    emoji.config.load_language("zh")
    for text, facts in emoji.EMOJI_DATA.items():
        if facts["status"] == emoji.STATUS["fully_qualified"]:
            captions, _ = caption_text.clean(
                (facts[lang].strip(":").replace("_", " "), lang)
                for lang in ("en", "zh")
                if lang in facts
            )
            yield Item(
                name="-".join(f"{ord(sign):X}" for sign in text),
                picture=InFont(text),
                captions=captions,
            )


@dataclass(frozen=True, slots=True)
class InFont:
    """A picture that is a glyph of a colour font."""

    text: str

    def read(self, place: Place) -> bytes:
        font = _font(place)
        left, top, right, bottom = map(int, font.getbbox(self.text))
        width, height = right - left, bottom - top
        # What the font does not know comes as nothing, or as several signs in a row.
        if not width or not height or width > 1.6 * height:
            raise RefusedItem(
                "the font has no picture of it, or Pillow no Raqm to find it with",
                "Use a newer font; on Debian, `apt install libfribidi0`.",
            )
        image = Image.new("RGBA", (width, height))
        draw = ImageDraw.Draw(image)
        draw.text((-left, -top), self.text, font=font, embedded_color=True)
        buffer = io.BytesIO()
        image.save(buffer, "PNG", compress_level=1)
        return buffer.getvalue()


def installed_font() -> Path | None:
    """Finds the colour font of this machine."""
    folders = (Path(folder).expanduser() for folder in _FOLDERS)
    return next((path for folder in folders for path in folder.rglob(_FONT)), None)


@lru_cache(maxsize=1)
def _font(place: Place) -> ImageFont.FreeTypeFont:
    data = place.read(place.only) if place.only and is_here(place) else None
    file = io.BytesIO(data) if data else installed_font()
    if file is None:
        raise DataError(
            f"ingest.source is emoji, and there is no {_FONT} here. Install it, on "
            "Debian `apt install fonts-noto-color-emoji`, or name it as ingest.path."
        )
    try:
        return ImageFont.truetype(file, _SIZE)
    except OSError as error:
        raise DataError(
            f"{place.address} cannot be drawn at {_SIZE} pixels: {error}. Use {_FONT}."
        ) from error
