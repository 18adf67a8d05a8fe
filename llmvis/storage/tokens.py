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


def write_views(folder: Path, split: str, views: np.ndarray) -> None:
    """Writes how the pictures of one split are seen, see training.augmentation."""
    np.save(_views(folder, split), views, allow_pickle=False)


def read_views(folder: Path, split: str) -> np.ndarray | None:
    """Reads what `write_views` wrote; None where each picture is seen as it is."""
    path = _views(folder, split)
    return np.load(path, allow_pickle=False) if path.exists() else None


def _views(folder: Path, split: str) -> Path:
    return folder / f"{split}.views.npy"
