"""Codes of pictures that the same image tokenizer has read before.

Where a training begins with a version, its image tokenizer is taken as it is, so that
of data that grew only what is new has to be read.
"""

import hashlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import keras
import numpy as np

from llmvis.storage import staged
from llmvis.training.augmentation import AugmentedPixels

_OF, _IDS, _CODES = "tokenizer.txt", "ids.npy", "codes.npy"
_BLOCK = 4_000  # pictures read between two reports


class KnownCodes:
    """What one image tokenizer made of pictures, kept in a folder between runs.

    Args:
        folder: Where they are kept. What another image tokenizer left there, or what
            cannot be read, counts as nothing.
        image_tokenizer: Whose codes they are.
    """

    def __init__(self, folder: Path, image_tokenizer: keras.Model):
        self._folder, self._tokenizer = folder, image_tokenizer
        self._name = _fingerprint(image_tokenizer)
        self._known: dict[str, np.ndarray] = {}  # picture's name -> codes
        self._kept: dict[str, np.ndarray] = {}  # those asked for, to be kept
        if _is_of(folder, self._name):
            with suppress(OSError, ValueError, EOFError):  # it is broken
                self._known = _read(folder)

    def encode(
        self,
        pixels: np.ndarray | AugmentedPixels,
        ids: Sequence[str],
        report: Callable[[int], None],
    ) -> np.ndarray:
        """Reads the pictures that are not known yet.

        Args:
            pixels: Shape `(N, Y, X, 3)`, uint8.
            ids: A name for each that only pictures of the same pixels share.
            report: Hears how many pictures are done, the known ones among them.

        Returns:
            Their codes, uint8: those that the tokenizer gives for all of them.
        """
        new = [row for row, name in enumerate(ids) if name not in self._known]
        report(len(ids) - len(new))
        for start in range(0, len(new), _BLOCK):
            rows = new[start : start + _BLOCK]
            codes = self._tokenizer.encode(pixels[np.array(rows)])
            self._known.update(zip((ids[row] for row in rows), codes, strict=True))
            report(len(ids) - len(new) + start + len(rows))
        self._kept.update((name, self._known[name]) for name in ids)
        return np.stack([self._known[name] for name in ids])

    def keep(self) -> None:
        """Writes all codes that were asked for, in place of what the folder had."""
        with staged(self._folder) as staging:
            np.save(staging / _IDS, np.array(list(self._kept)))
            np.save(staging / _CODES, np.stack(list(self._kept.values())))
            (staging / _OF).write_text(self._name, "utf-8")


def _fingerprint(image_tokenizer: keras.Model) -> str:
    digest = hashlib.sha256(repr(image_tokenizer.get_config()).encode())
    for variable in image_tokenizer.weights:
        digest.update(np.ascontiguousarray(variable).tobytes())
    return digest.hexdigest()


def _read(folder: Path) -> dict[str, np.ndarray]:
    ids = np.load(folder / _IDS, allow_pickle=False)
    codes = np.load(folder / _CODES, mmap_mode="r", allow_pickle=False)
    return dict(zip(ids.tolist(), codes, strict=True))


def _is_of(folder: Path, name: str) -> bool:
    path = folder / _OF
    return path.exists() and path.read_text("utf-8") == name
