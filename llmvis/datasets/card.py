"""The data card: what was taken in, how it is made up, and what was refused and why.

Its bars are HTML. Plotly would put 4.6 MB of script into the page, or beside it, to say
what each bar has written on it.
"""

import base64
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
import pandas as pd

from llmvis import storage
from llmvis.config import IngestConfig
from llmvis.datasets import card_captions

CARD = "card.html"

_WALL = 160  # pictures, shared out among the splits
_GROUPS = 8  # of look-alikes, the largest
_OF_A_GROUP = 8
_REFUSALS = 200  # listed one by one; all are in the quarantine
_BINS = 12
_COLUMNS = ("example_id", "captions", "group_id", "license", "width", "height")


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a histogram."""

    label: str
    count: int
    share: float  # of the longest bar, in percent


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of the page."""

    address: str  # data:
    caption: str
    split: str


def write(folder: Path, title: str, config: IngestConfig, notes: Counter) -> None:
    """Writes `card.html` into a folder of examples; it needs no other file.

    Args:
        folder: With its examples and its quarantine.
        title: Of the place they came from; its whole path differs between machines.
        config: What they were made by.
        notes: What was mended in captions, and how often.
    """
    table = pd.concat(
        [
            storage.read_compact(folder, split, _COLUMNS).assign(
                split=split, row=_numbers
            )
            for split in storage.splits(folder)
        ],
        ignore_index=True,
    )
    refusals = storage.read_refusals(folder)
    page = _template().render(
        title=title,
        config=config,
        notes=notes.most_common(),
        num_accepted=len(table),
        num_refused=len(refusals),
        splits=_counted(table.split),
        licenses=_counted(table.license),
        **_about_captions(table),
        sides=_about_sides(table),
        wall=_pictures(folder, _evenly(table, _WALL)),
        groups=_look_alikes(folder, table),
        contradictory=_contradictory(table),
        reasons=_counted(refusals.reason.str.replace(r"\d+", "…", regex=True)),
        refusals=refusals.head(_REFUSALS).to_dict("records"),
    )
    (folder / CARD).write_text(page, "utf-8")


def _numbers(table: pd.DataFrame) -> np.ndarray:
    return np.arange(len(table))


def _about_captions(table: pd.DataFrame) -> dict[str, Any]:
    captions = table.captions.list.flatten().struct.explode()  # columns lang and text
    lengths, words = {}, {}
    for lang, texts in captions.groupby("lang").text:
        title = f"Characters of a caption, {lang}"
        lengths[title] = _histogram(_integers(texts.str.len()))
        words[str(lang)] = _bars_of(card_captions.count_words(texts))
    things, means = card_captions.count_things(table)
    return {
        "languages": _counted(captions.lang),
        "lengths": lengths,
        "numbers": _histogram(_integers(table.captions.list.len())),
        "words": words,
        "things": _bars_of(things),
        "means": means,
    }


def _integers(values: pd.Series) -> pd.Series:
    return values.astype("int32")


def _counted(values: pd.Series) -> list[Bar]:
    counts = values.value_counts()
    return _bars(counts.index.astype(str), counts.tolist())


def _bars(labels: Iterable[str], counts: Sequence[int]) -> list[Bar]:
    longest = max(counts, default=1) or 1
    return [
        Bar(label, count, 100 * count / longest)
        for label, count in zip(labels, counts, strict=True)
    ]


def _bars_of(counts: Sequence[tuple[str, int]]) -> list[Bar]:
    return _bars([label for label, _ in counts], [number for _, number in counts])


def _about_sides(table: pd.DataFrame) -> dict[str, list[Bar]]:
    width, height = _integers(table.width), _integers(table.height)
    shorter = width.where(width < height, height)
    return {
        "Shorter side of the file, pixels": _histogram(shorter),
        "Width for a height of 1": _histogram((width / height).round(2)),
    }


def _histogram(values: pd.Series) -> list[Bar]:
    """Counts in bins of equal width; what is over the 99th percentile in the last."""
    low, high = values.min(), values.quantile(0.99)
    if values.nunique() <= _BINS:
        counts = values.value_counts().sort_index()
        return _bars((f"{value:g}" for value in counts.index), counts.tolist())
    whole = pd.api.types.is_integer_dtype(values)
    step = (high - low) / _BINS
    step = max(1, int(np.ceil(step))) if whole else step
    edges = low + step * np.arange(_BINS + 1)
    binned, _ = np.histogram(values.clip(upper=edges[-1]), edges)
    return _bars([f"from {edge:.4g}" for edge in edges[:-1]], binned.tolist())


def _evenly(table: pd.DataFrame, number: int) -> pd.DataFrame:
    """As many rows of each split, spread over it."""
    share = max(1, number // table.split.nunique())
    parts = [part for _, part in table.groupby("split", sort=False)]
    spread = [part.iloc[:: max(1, len(part) // share)].head(share) for part in parts]
    return pd.concat(spread)


def _pictures(folder: Path, rows: pd.DataFrame) -> list[Picture]:
    found = []
    for split, part in rows.groupby("split", sort=False):
        part = part.sort_values("row")
        pngs = storage.pick_pngs(folder, str(split), part.row.tolist())
        found += [
            Picture(
                f"data:image/png;base64,{base64.b64encode(png).decode()}",
                " / ".join(caption["text"] for caption in captions),
                str(split),
            )
            for png, captions in zip(pngs, part.captions, strict=True)
        ]
    return found


def _look_alikes(folder: Path, table: pd.DataFrame) -> list[tuple[int, list[Picture]]]:
    """The largest groups: how many pictures each has, and some of them."""
    sizes = table.group_id.value_counts()
    return [
        (size, _pictures(folder, table[table.group_id == name].head(_OF_A_GROUP)))
        for name, size in sizes[sizes > 1].head(_GROUPS).items()
    ]


def _contradictory(table: pd.DataFrame) -> list[list[str]]:
    """The captions of pictures that are the same pixels, where none is shared."""
    again = table.loc[
        table.duplicated("example_id", keep=False), ["example_id", "captions"]
    ]
    found = []
    for _, captions in again.groupby("example_id").captions:
        texts = [{caption["text"] for caption in cell} for cell in captions]
        if not set.intersection(*texts):
            found.append(sorted(set.union(*texts)))
    return found


def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template("card.html.j2")
