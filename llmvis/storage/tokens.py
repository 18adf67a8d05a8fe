"""Tokens in and out of data/tokens, as plain numpy files that are read as needed."""

from pathlib import Path

import numpy as np

from llmvis.errors import MissingStage
from llmvis.records import Tokens


def write_tokens(folder: Path, split: str, tokens: Tokens) -> None:
    """Writes one split of tokens as plain numpy files."""
    for name in ("codes", "token_ids", "starts"):
        np.save(folder / f"{split}.{name}.npy", getattr(tokens, name))


def read_tokens(folder: Path, split: str) -> Tokens:
    """Opens one split of tokens without reading it.

    Raises:
        MissingStage: The split is not there.
    """
    if not (folder / f"{split}.codes.npy").exists():
        raise MissingStage(folder / f"{split}.codes.npy", "tokenize")
    return Tokens(
        **{
            name: np.load(folder / f"{split}.{name}.npy", mmap_mode="r")
            for name in ("codes", "token_ids", "starts")
        }
    )
