"""Reads and writes every record under data/.

Whatever is written is first whole beside its place and then renamed into it, so that
nothing half-written is ever taken for whole.
"""

from llmvis.storage.examples import (
    QUARANTINE,
    ExamplesWriter,
    captions_cell,
    image_cell,
    iterate_images,
    pick_images,
    pick_pngs,
    read_captions,
    read_compact,
    read_examples,
    read_images,
    read_refusals,
    read_table,
    splits,
    to_row,
    unpack_images,
)
from llmvis.storage.folders import (
    fingerprint,
    read_json,
    scratch,
    staged,
    write_json,
)
from llmvis.storage.tokens import (
    read_tokens,
    read_views,
    write_tokens,
    write_views,
)

__all__ = [
    "QUARANTINE",
    "ExamplesWriter",
    "captions_cell",
    "fingerprint",
    "image_cell",
    "iterate_images",
    "pick_images",
    "pick_pngs",
    "read_captions",
    "read_compact",
    "read_examples",
    "read_images",
    "read_json",
    "read_refusals",
    "read_table",
    "read_tokens",
    "read_views",
    "scratch",
    "splits",
    "staged",
    "to_row",
    "unpack_images",
    "write_json",
    "write_tokens",
    "write_views",
]
