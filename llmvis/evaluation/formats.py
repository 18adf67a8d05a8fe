"""How figures, names and pictures are written into a page."""

import base64
import io
from pathlib import Path

import jinja2
import numpy as np
from PIL import Image

from llmvis.metrics.figure import Figure

_HERE = Path(__file__).parent

LANGUAGES = {"en": "English", "zh": "Chinese"}
BAR_NAMES = {
    "thing": "the thing is there",
    "color": "its colour",
    "size": "its size",
    "count": "how many",
    "relation": "where it stands",
    "background": "the background",
    "extra": "nothing else",
    "things_1": "all of it, 1 thing",
    "things_2": "all of it, 2 things",
    "things_3": "all of it, 3 things",
}


def template(name: str, folder: Path = _HERE) -> jinja2.Template:
    """Opens a template, with the filters below; it may include those of this package.

    Args:
        name: Its file.
        folder: Where that lies.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([folder, _HERE]),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {
        "percent": percent,
        "ends": ends,
        "short": short,
        "points": points,
        "language": lambda code: LANGUAGES.get(code, code),
        "title": split_title,
    }
    return environment.get_template(name)


def as_address(image: np.ndarray) -> str:
    """Encodes one `(H, W, 3)` uint8 picture as a data: address."""
    buffer = io.BytesIO()
    # Half the size of a PNG, and every browser since 2020 reads it.
    Image.fromarray(image).save(buffer, "WEBP", lossless=True, quality=60)
    return f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def percent(figure: Figure | float) -> str:
    """Writes a share as whole percent: 0.734 is "73 %"."""
    value = figure.value if isinstance(figure, Figure) else figure
    # A hundred percent must mean all of them.
    digits = 1 if 0.99 < value < 1 or 0 < value < 0.01 else 0
    return f"{100 * value:.{digits}f}\N{NO-BREAK SPACE}%"


def ends(figure: Figure) -> str:
    """Writes an interval of shares in percent: "66-80"."""
    return f"{100 * figure.low:.0f}\N{EN DASH}{100 * figure.high:.0f}"


def points(share: float) -> str:
    """Writes a difference of shares in points of a hundred, with its sign."""
    return f"{100 * share:+.1f}".replace("-", "\N{MINUS SIGN}")


def short(value: float) -> str:
    """Writes a number of any size in three digits: 0.0123, 4.56, 789, 12,345."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def split_title(split: str) -> str:
    """Names a split for people: "test_unseen_scene" is "unseen scene"."""
    return split.removeprefix("test_").replace("_", " ")
