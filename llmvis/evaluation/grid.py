"""A labelled grid of pictures, to put where one picture must say it all."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image, ImageDraw, ImageFont

_SIDE, _GAP, _LABEL = 160, 14, 54  # pixels
_COLUMNS, _MOST = 6, 18
_MOST_LINES = 3
_CLOSING = "。，、；：！？）"  # never first in a line
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont
_INK, _PAPER = "#1d2430", "#ffffff"

# Where Linux distributions and macOS keep a font that has Chinese.
_CHINESE_FONTS = (
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/google-noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc",
    "/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf",
    "/System/Library/Fonts/PingFang.ttc",
)


def sample_grid(rows: pd.DataFrame, images: np.ndarray) -> Image.Image:
    """Draws the first pictures of each split and language under their prompts.

    Args:
        rows: Columns `split`, `lang` and `prompt`, one row for each picture.
        images: Shape `(N, H, W, 3)`, uint8.

    Returns:
        At most 18 pictures in rows of 6. Prompts that need a Chinese font are left
        out where none is installed.
    """
    font, has_chinese = _font(15)
    rows = rows.reset_index(drop=True)
    readable = rows if has_chinese else rows[rows["prompt"].map(str.isascii)]
    chosen = _spread(readable if len(readable) else rows)
    return labelled_grid(
        images[chosen], [str(rows["prompt"].iloc[i]) for i in chosen], font
    )


def labelled_grid(images: np.ndarray, labels: Sequence[str], font: Font) -> Image.Image:
    """Draws pictures in rows of 6, each with up to three lines of text below it."""
    columns = min(_COLUMNS, len(images))
    lines = -(-len(images) // columns)
    cell, height = _SIDE + _GAP, _SIDE + _LABEL + _GAP
    sheet = Image.new("RGB", (columns * cell + _GAP, lines * height + _GAP), _PAPER)
    pen = ImageDraw.Draw(sheet)
    for place, (image, label) in enumerate(zip(images, labels, strict=True)):
        left = _GAP + place % columns * cell
        top = _GAP + place // columns * height
        large = Image.fromarray(image).resize((_SIDE, _SIDE), Image.Resampling.LANCZOS)
        sheet.paste(large, (left, top))
        pen.text((left, top + _SIDE + 4), _wrap(label, font), _INK, font, spacing=2)
    return sheet


def _spread(rows: pd.DataFrame) -> list[int]:
    """Lets splits and languages take turns; gives labels of rows, no prompt twice."""
    distinct = rows.drop_duplicates(["split", "lang", "prompt"])
    groups = distinct.groupby(["split", "lang"])
    turn = groups.cumcount().rename("turn")
    order = distinct.assign(turn=turn).sort_values(["turn", "lang", "split"])
    return order.index[:_MOST].tolist()


def _wrap(label: str, font: Font) -> str:
    lines, line = [], ""
    # Chinese may break anywhere, English between words.
    for piece in _pieces(label):
        fits = font.getlength((line + piece).rstrip()) <= _SIDE
        if line and not fits and piece not in _CLOSING:
            lines.append(line.rstrip())
            line = piece.lstrip()
        else:
            line += piece
    lines.append(line)
    if len(lines) > _MOST_LINES:
        lines = [*lines[: _MOST_LINES - 1], lines[_MOST_LINES - 1].rstrip() + "…"]
    return "\n".join(lines)


def _pieces(label: str) -> list[str]:
    if label.isascii():
        return [f"{word} " for word in label.split()]
    return list(label)


def _font(size: int) -> tuple[Font, bool]:
    for path in _CHINESE_FONTS:
        if Path(path).exists():
            return ImageFont.truetype(path, size), True
    return ImageFont.load_default(size), False
