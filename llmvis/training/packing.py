"""Rows that hold several prompts with their pictures, so that little is padding.

Captions are a third as long as the longest, and most pictures take half of the
positions. One after another in a row they cost what they are long, in a graph that is
compiled once (Krell et al., 2021, https://arxiv.org/abs/2107.02027).

Dimension key: R rows of a batch, L text tokens and T positions of a row, D digits.
"""

from functools import lru_cache

import numpy as np

from llmvis.records import Tokens
from llmvis.training.caption_choice import CaptionChoice
from llmvis.training_config import TrainConfig

_OPEN = 24  # rows that are filled at a time; more fill better and take longer
_PICTURES = 2  # longest pictures that a row has room for


class PackedBatches:
    """Batches of full rows, in which an example comes with one of its captions.

    Where `length_weight` is 0 every example comes once in each epoch. Else long ones
    come more often: there is more in them to be learnt, and mostly there are few.

    Args:
        tokens: One split.
        lengths: Positions of each picture that say something, its first ones; `(N,)`.
        config: How many examples come at once on average, how much more often a long
            one does, which share of the prompts becomes `null_ids`, and the seed.
        null_ids: The empty prompt, shape `(L,)`.
        keeps_apart: Whether a row may hold more than one example.
        whole: Whether also the positions of a picture come that say nothing.
    """

    def __init__(
        self,
        tokens: Tokens,
        lengths: np.ndarray,
        config: TrainConfig,
        null_ids: np.ndarray,
        *,
        keeps_apart: bool,
        whole: bool,
    ):
        self._tokens, self._config, self._null_ids = tokens, config, null_ids
        longest = int(np.prod(tokens.codes.shape[1:3]))
        self._lengths = np.full_like(lengths, longest) if whole else lengths
        room = longest if lengths.min() == longest else _PICTURES * longest
        self._room = (tokens.token_ids.shape[1], room)
        self._keeps_apart = keeps_apart
        self._text_lengths = np.count_nonzero(tokens.token_ids, axis=1)
        self._captions = CaptionChoice(tokens.token_ids, tokens.starts)
        self._epoch = lru_cache(maxsize=2)(self._pack)
        weights = (lengths / lengths.mean()) ** config.length_weight
        self._often = weights / weights.mean()  # times an epoch
        filled = np.mean([len(row) for row in self._epoch(0)])  # examples of a row
        self._num_rows = max(1, round(config.batch_size / filled))
        self._ends: list[int] = []  # rows up to the end of each epoch

    def at(self, step: int) -> dict[str, np.ndarray]:
        """The batch of one step, as `AutoregressiveGenerator` takes rows."""
        rows = [self._row(step * self._num_rows + i) for i in range(self._num_rows)]
        num_tokens, num_positions = self._room
        text = np.zeros((2, len(rows), num_tokens), np.int32)
        image = np.zeros((2, len(rows), num_positions), np.int32)
        digits = self._tokens.codes.shape[-1]
        codes = np.zeros((len(rows), num_positions, digits), np.int32)
        for r, row in enumerate(rows):
            self._fill(row, text[:, r], image[:, r], codes[r])
        return {
            "token_ids": text[0],
            "text_segments": text[1],
            "codes": codes,
            "places": image[0],
            "segments": image[1],
        }

    def _fill(self, row, text, image, codes):
        token, position = 0, 0
        for segment, (example, caption) in enumerate(row, start=1):
            ids = self._null_ids if caption < 0 else self._tokens.token_ids[caption]
            size = int(np.count_nonzero(ids))
            length = int(self._lengths[example])
            text[0, token : token + size] = ids[:size]
            text[1, token : token + size] = segment
            whole = self._tokens.codes[example].reshape(-1, codes.shape[-1])
            codes[position : position + length] = whole[:length]
            image[0, position : position + length] = np.arange(length)
            image[1, position : position + length] = segment
            token += size
            position += length

    def _row(self, number):
        while not self._ends or number >= self._ends[-1]:
            size = len(self._epoch(len(self._ends)))
            self._ends.append(size + (self._ends[-1] if self._ends else 0))
        epoch = int(np.searchsorted(self._ends, number, side="right"))
        start = self._ends[epoch - 1] if epoch else 0
        return self._epoch(epoch)[number - start]

    def _pack(self, epoch: int) -> list[list[tuple[int, int]]]:
        """Rows of examples with their captions; -1 is the empty prompt."""
        rng = np.random.default_rng((self._config.seed, epoch))
        times = np.floor(self._often + rng.random(len(self._often))).astype(int)
        examples = np.repeat(np.arange(len(times)), times)
        captions = self._captions.draw(examples, rng)
        captions[rng.random(len(captions)) < self._config.caption_dropout] = -1
        sizes = np.where(
            captions < 0, np.count_nonzero(self._null_ids), self._text_lengths[captions]
        )
        order = rng.permutation(len(captions))
        needs = np.stack([sizes, self._lengths[examples]], axis=1)[order].tolist()
        rows = pack(needs, self._room if self._keeps_apart else (0, 0))
        drawn = examples[order].tolist(), captions[order].tolist()
        pairs = list(zip(*drawn, strict=True))
        return [[pairs[i] for i in rows[r]] for r in rng.permutation(len(rows))]


def pack(needs: list[list[int]], room: tuple[int, int]) -> list[list[int]]:
    """Puts examples into rows, each into the first open one that has room.

    Args:
        needs: Text tokens and positions of each example.
        room: Those of a row. An example that needs more has a row of its own.

    Returns:
        The examples of each row.
    """
    rows: list[list[int]] = []
    opened: list[list[int]] = []  # number of the row, tokens left, positions left
    for i, (tokens, positions) in enumerate(needs):
        for place, (row, text_left, left) in enumerate(opened):
            if tokens <= text_left and positions <= left:
                rows[row].append(i)
                opened[place] = [row, text_left - tokens, left - positions]
                break
        else:
            opened.append([len(rows), room[0] - tokens, room[1] - positions])
            rows.append([i])
            if len(opened) > _OPEN:
                opened.remove(min(opened, key=lambda one: min(one[1:])))
    return rows
