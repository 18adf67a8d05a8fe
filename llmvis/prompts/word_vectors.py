"""Vectors of words that were learnt from far more text than captions are.

In the text format of GloVe (Pennington et al., 2014,
https://nlp.stanford.edu/projects/glove/), in that of fastText (Bojanowski et al.,
2017, https://arxiv.org/abs/1607.04606), which has a line more, or in a spaCy package.
"""

from collections.abc import Collection, Iterable, Iterator
from itertools import chain
from pathlib import Path

import numpy as np

from llmvis.errors import ConfigError

_KEY = "train.word_vectors"


def num_channels(source: str) -> int:
    """Counts the channels of a vector.

    Args:
        source: A file, or the name of an installed spaCy package.

    Raises:
        ConfigError: It is neither, or has another form.
    """
    if not Path(source).is_file():
        return _vocabulary(source).vectors_length
    for word, values in _entries(source):
        _numbers(source, word, values)
        return len(values)
    raise ConfigError(f"{_KEY} is {source}, and there is no word in it.")


def read(source: str, words: Collection[str]) -> dict[str, np.ndarray]:
    """Looks words up.

    Args:
        source: A file, or the name of an installed spaCy package.
        words: Those that are wanted; what else there is takes no memory.

    Returns:
        The vectors of the words that are known, shape `(E,)` each, float32.

    Raises:
        ConfigError: The source is neither, has another form, or knows none of them.
    """
    wanted = frozenset(words)
    if Path(source).is_file():
        found = {
            word: _numbers(source, word, values)
            for word, values in _entries(source)
            if word in wanted
        }
    else:
        vocabulary = _vocabulary(source)
        known = sorted(word for word in wanted if vocabulary.has_vector(word))
        found = {w: np.array(vocabulary.get_vector(w), "float32") for w in known}
    if not found:
        raise ConfigError(
            f"{_KEY} is {source}, and it knows none of the {len(wanted)} words of the "
            "captions. Take one of their language."
        )
    return found


def _entries(path: str) -> Iterator[tuple[str, list[str]]]:
    """Words with their numbers, which nobody has tried to read yet."""
    try:
        with Path(path).open(encoding="utf-8", newline="\n") as file:
            if not (first := file.readline()):
                return
            lines: Iterable[str] = chain([first], file)
            num_values = len(first.split()) - 1
            if _is_header(first.split()):
                lines, num_values = file, int(first.split()[1])
            if num_values < 1:
                raise _wrong_form(path, first.rstrip())
            for line in lines:
                # From the right, because some words of GloVe have spaces in them.
                word, *values = line.rstrip().rsplit(" ", num_values)
                if len(values) != num_values:
                    raise _wrong_form(path, word)
                yield word, values
    except UnicodeDecodeError as error:
        raise _wrong_form(path, "a line that is no text") from error


def _is_header(fields: list[str]) -> bool:
    """Says whether a line is that of fastText: how many words and how many numbers."""
    return len(fields) == 2 and all(field.isdecimal() for field in fields)


def _numbers(path: str, word: str, values: list[str]) -> np.ndarray:
    try:
        return np.array(values, "float32")
    except ValueError as error:
        raise _wrong_form(path, word) from error


def _wrong_form(path: str, word: str) -> ConfigError:
    return ConfigError(
        f"{_KEY} is {path}, which is not in the text format of GloVe or fastText: a "
        f"word and as many numbers in every line. The line of {word[:40]!r} is none. "
        "Take the .txt or .vec file, unpacked."
    )


def _vocabulary(name: str):
    import spacy  # as late as in `language`

    try:
        vocabulary = spacy.load(name).vocab
    except OSError as error:
        raise ConfigError(
            f"{_KEY} is {name}, and there is no such file and no installed spaCy "
            "package of that name. Name a file of GloVe or fastText, or install the "
            f"package: `python -m spacy download {name}`."
        ) from error
    if not vocabulary.vectors_length:
        raise ConfigError(
            f"{_KEY} is {name}, a spaCy package without word vectors. Take one whose "
            "name ends in md or lg."
        )
    return vocabulary
