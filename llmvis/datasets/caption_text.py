"""Captions as people left them to captions as the pipeline takes them."""

import html
import json
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from llmvis.datasets.encodings import Codec, decode
from llmvis.errors import RefusedItem
from llmvis.prompts import language
from llmvis.records import Caption

LONGEST = 2000  # characters; what is longer is a document that got into the column

_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,200}>")
_PAGE = re.compile(r"\s*<(!doctype|html|\?xml)", re.IGNORECASE)
# NULs, byte order marks, and halves of characters, which no UTF-8 can hold.
_NOTHING = re.compile(r"[\x00\ufeff\ufffe\uffff\ud800-\udfff]+")
_CONTROL = re.compile(r"[\x01-\x08\x0b-\x1f\x7f-\x9f]+")
_BASES = (
    "text",
    "caption",
    "captions",
    "texts",
    "sentences",
    "sentence",
    "description",
    "descriptions",
    "prompt",
    "alt_text",
    "alt",
    "title",
    "label",
)
_CAPTION_COLUMN = re.compile(
    rf"(?P<base>{'|'.join(_BASES)})"
    r"(?:[_ .-]?\d+|[_ .-](?P<lang>[a-z]{2})(?:[_-]\w+)?)?",
    re.IGNORECASE,
)
_NUMBERED = {"id", "no"}  # languages too, where there are words in the cells
_FIX = "Correct the caption, or remove the picture."

Notes = tuple[str, ...]


def caption_columns(columns: Iterable[str]) -> dict[str, str | None]:
    """Finds the columns that hold captions, and the languages their names state.

    Those of the first name there is count: `text`, and `text_zh` and `text_2` beside
    it, but no `title` then.
    """
    found = {c: m for c in columns if (m := _CAPTION_COLUMN.fullmatch(c.strip()))}
    bases = {match["base"].lower() for match in found.values()}
    base = next((name for name in _BASES if name in bases), None)
    return {
        column: match["lang"] and match["lang"].lower()
        for column, match in found.items()
        if match["base"].lower() == base
    }


def of_row(
    row: Mapping[str, Any], columns: Mapping[str, str | None]
) -> tuple[tuple[Caption, ...], Notes]:
    """Reads the captions of a row of a table, as `clean` does."""
    return clean(
        (text, lang)
        for column, lang in columns.items()
        for text in _texts(row.get(column))
        if not (lang in _NUMBERED and text.strip().isdigit())
    )


def of_file(
    data: bytes, usual: Codec | None = None
) -> tuple[tuple[Caption, ...], Notes]:
    """Reads a text file with a caption on each line, as `clean` does.

    Args:
        data: Its content.
        usual: The encoding of files like it, see `encodings.find_usual`.
    """
    if b"\0" in data[:8] and data[:4] in (b"\x89PNG", b"\xff\xd8\xff\xe0"):
        raise RefusedItem("its caption file is a picture", _FIX)
    text, encoding = decode(data, usual)
    if _PAGE.match(text):
        raise RefusedItem("its caption is a whole HTML page", _FIX)
    captions, notes = clean((line, None) for line in text.splitlines())
    return captions, (*said_encoding(encoding), *notes)


def said_encoding(encoding: str) -> Notes:
    """Says which encoding text was in, unless it is the usual one."""
    return () if encoding == "UTF-8" else (f"captions were read as {encoding}",)


def clean(
    texts: Iterable[tuple[str, str | None]],
) -> tuple[tuple[Caption, ...], Notes]:
    """Takes out of captions what nobody reads, and finds their languages.

    Args:
        texts: Captions with the language that their source states, if it does.

    Returns:
        The captions without repetitions, at least one, and what was mended.

    Raises:
        RefusedItem: No caption is left.
    """
    captions: dict[str, Caption] = {}
    reasons, notes = ["it has no caption"], []
    for raw, lang in texts:
        plain = _NOTHING.sub("", html.unescape(_TAG.sub("", raw)))
        text = _CONTROL.sub(" ", plain).strip()
        if html.unescape(raw) != raw or _TAG.search(raw):
            notes.append("HTML was taken out of a caption")
        if len(text) > LONGEST:
            reasons.append(f"its caption has {len(text)} characters, over {LONGEST}")
            notes.append("a caption that is too long was left out")
            continue
        if text:
            captions.setdefault(text, Caption(text, lang or _language(text)))
    if not captions:
        raise RefusedItem(reasons[-1], _FIX)
    return tuple(captions.values()), tuple(dict.fromkeys(notes))


def _language(text: str) -> str:
    scripts = {lang for _, lang in language.runs(language.normalize(text))}
    return "zh" if "zh" in scripts else "en"


def _texts(cell: Any) -> list[str]:
    """The captions in a cell: one, or several where it holds a list, or JSON of one."""
    if isinstance(cell, str) and cell.lstrip().startswith("["):
        with suppress(ValueError, RecursionError):
            cell = json.loads(cell)
    if isinstance(cell, Mapping):  # {"raw": ..., "sentid": ...}
        cell = next((cell[key] for key in ("raw", *_BASES) if key in cell), None)
    if isinstance(cell, str):
        return [] if cell.strip().lower() in {"", "nan", "null", "none"} else [cell]
    if isinstance(cell, Iterable):
        return [text for part in cell for text in _texts(part)]
    return []
