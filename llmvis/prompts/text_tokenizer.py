"""Prompts and captions to token ids, at word level, in English and Chinese.

The vocabulary is the words of the training captions, and the letters and characters
they are spelled with. A word outside it is read in pieces: the longest known words in
it first, single letters or characters between them, so that "bluebird" is blue + bird
and 小红花 is 小 + 红 + 花.
"""

import hashlib
import json
import string
from collections import Counter
from collections.abc import Iterable, Sequence, Set
from pathlib import Path
from typing import Self

import numpy as np

from llmvis.errors import DataError, PromptError
from llmvis.prompts import language
from llmvis.storage import read_json, write_json

PADDING, START, END, UNKNOWN = range(4)
_NUM_MARKERS = 4
_SHORTEST_PIECE = 3  # English words shorter than this are no part of another word
_LONGEST_PIECE = 20  # so that a word of thousands of letters is split in no time


class TextTokenizer:
    """Turns text into token ids of one length.

    Every row is the id START, the words, the id END, then PADDING. `START, END` alone
    is the empty caption, which guidance needs.

    Args:
        words: The words of the training captions; id 4 is the first of them.
        pieces: Letters and characters that are no words; their ids follow.
        max_tokens: Length of every row, both markers counted.
    """

    def __init__(self, words: Sequence[str], pieces: Sequence[str], max_tokens: int):
        self.max_tokens = max_tokens
        self._words = tuple(words)
        self._pieces = tuple(pieces)
        self._known = frozenset(words)
        self._ids = {
            token: _NUM_MARKERS + i for i, token in enumerate((*words, *pieces))
        }

    @classmethod
    def train(cls, captions: Iterable[str], max_tokens: int) -> Self:
        """Takes the vocabulary from captions.

        Args:
            captions: The training captions; the order makes no difference.
            max_tokens: Length of every encoded row, at least 3.

        Raises:
            DataError: No caption has a word in it.
        """
        english: Counter[str] = Counter()
        chinese: Counter[str] = Counter()
        for caption in captions:
            for run, lang in language.runs(language.normalize(caption)):
                found = chinese if lang == "zh" else english
                found.update(language.words_of_run(run, lang))
        if not english and not chinese:
            raise DataError(
                "No caption has a word in it. Give the pictures captions in English "
                "or Chinese."
            )
        words = set(english) | _parts(chinese)
        letters = {*"".join(english), *"".join(chinese), *string.ascii_lowercase}
        pieces = (letters | set(string.digits)) - words
        return cls(sorted(words), sorted(pieces), max_tokens)

    @property
    def vocabulary_size(self) -> int:
        """Number of ids, the four markers counted."""
        return _NUM_MARKERS + len(self._ids)

    @property
    def vocabulary(self) -> dict[str, int]:
        """Words, letters and characters with their ids; the markers have none."""
        return dict(self._ids)

    @property
    def fingerprint(self) -> str:
        """Names the vocabulary and length: 16 hex digits."""
        content = json.dumps(self._content(), ensure_ascii=False)
        return hashlib.sha256(content.encode()).hexdigest()[:16]

    def encode(self, texts: Sequence[str], *, truncate: bool = False) -> np.ndarray:
        """Turns texts into token ids.

        Args:
            texts: B prompts or captions.
            truncate: Cuts a long text and takes one without words for the empty
                caption. Meant for captions that nobody can be asked to rewrite.

        Returns:
            Shape `(B, max_tokens)`, int32, in [0, vocabulary_size).

        Raises:
            PromptError: Without `truncate`, a text is empty or too long.
        """
        room = self.max_tokens - 2
        rows = np.full((len(texts), self.max_tokens), PADDING, np.int32)
        rows[:, 0] = START
        for row, text in zip(rows, texts, strict=True):
            ids = self._ids_of_text(text)
            if not truncate:
                _require_readable(text, len(ids), room)
            kept = ids[:room]
            row[1 : len(kept) + 1] = kept
            row[len(kept) + 1] = END
        return rows

    def empty_caption(self) -> np.ndarray:
        """Gives the row that stands for no caption, shape `(max_tokens,)`, int32."""
        return self.encode([""], truncate=True)[0]

    def unknown_words(self, text: str) -> tuple[str, ...]:
        """Names the words that no training caption had, in order, each once.

        A Chinese word made of words that captions had (小红花) is not among them, since
        where one word ends in Chinese is a matter of opinion.
        """
        unknown: dict[str, None] = {}
        for run, lang in language.runs(language.normalize(text)):
            for word in language.words_of_run(run, lang):
                parts = (word,) if lang == "en" else self._split(word)
                if not self._known.issuperset(parts):
                    unknown[word] = None
        return tuple(unknown)

    def save(self, path: Path) -> None:
        """Writes the vocabulary as JSON."""
        write_json(path, self._content())

    @classmethod
    def load(cls, path: Path) -> Self:
        """Reads what `save` wrote.

        Raises:
            MissingStage: There is no such file.
        """
        return cls(**read_json(path, "tokenize"))

    def _content(self) -> dict:
        return {
            "words": self._words,
            "pieces": self._pieces,
            "max_tokens": self.max_tokens,
        }

    def _ids_of_text(self, text: str) -> list[int]:
        ids: list[int] = []
        for run, lang in language.runs(language.normalize(text)):
            for word in language.words_of_run(run, lang):
                ids.extend(self._ids_of_word(word))
        return ids

    def _ids_of_word(self, word: str) -> tuple[int, ...]:
        known = self._ids.get(word)
        if known is not None:
            return (known,)
        return tuple(self._ids.get(piece, UNKNOWN) for piece in self._split(word))

    def _split(self, word: str) -> tuple[str, ...]:
        """Splits a word into the longest known pieces, from the left."""
        return (word,) if word in self._ids else _split(word, self._known)


def _parts(counts: Counter[str]) -> set[str]:
    """Takes apart the Chinese words that hold a commoner one, such as 红花 (花).

    The segmenter joins some colours and things and not others, and now and then a
    thing and a verb (树立). What it joins would be a word of its own, and tell nothing
    to a model that never saw that pair.
    """
    whole: set[str] = set()
    for word in sorted(counts, key=lambda word: (len(word), word)):
        if not any(counts[part] > counts[word] for part in _within(word) & whole):
            whole.add(word)
    return {part for word in counts for part in _split(word, whole)}


def _within(word: str) -> set[str]:
    ends = range(1, len(word) + 1)
    return {word[start:end] for end in ends for start in range(end)} - {word}


def _split(word: str, known: Set[str]) -> tuple[str, ...]:
    """Splits a word into the longest of `known`, from the left, and characters."""
    if word in known:
        return (word,)
    pieces, start = [], 0
    while start < len(word):
        end = min(len(word), start + _LONGEST_PIECE)
        while end > start + 1 and not _is_piece(word[start:end], known):
            end -= 1
        pieces.append(word[start:end])
        start = end
    return tuple(pieces)


def _is_piece(part: str, known: Set[str]) -> bool:
    return part in known and (len(part) >= _SHORTEST_PIECE or not part.isascii())


def _require_readable(text: str, num_tokens: int, room: int) -> None:
    if num_tokens == 0:
        raise PromptError(
            f"The prompt {text[:40]!r} has no words in it. Say what to draw, for "
            "example 'a blue bird on a red flower'."
        )
    if num_tokens > room:
        raise PromptError(
            f"The prompt is {num_tokens} tokens long and the model reads {room}. "
            f"Shorten it: {text[:40]!r}..."
        )
