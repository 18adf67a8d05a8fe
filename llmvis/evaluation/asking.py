"""Which prompts a model is asked, and what it draws for them."""

import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from llmvis import storage
from llmvis.config import EvaluateConfig, SamplingConfig
from llmvis.errors import DataError, PromptError, ShapeError
from llmvis.finishing.resizing import reduce
from llmvis.prompts.parse import parse
from llmvis.records import Sample, Scene

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A caption of a test split, used as a prompt."""

    split: str
    lang: str
    prompt: str
    example_id: str
    row: int  # position of the described picture in its split
    scene: Scene | None = None  # what the prompt asks for, where it can be parsed


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """Everything a model drew, in the order of `asked`, and how long it took."""

    asked: tuple[Asked, ...]
    samples: tuple[Sample, ...]
    finished: np.ndarray  # as they are given out, (N, Y, X, 3) uint8
    images: np.ndarray  # the same at the size of the examples, (N, H, W, 3) uint8
    seconds_per_picture: float


def splits_to_ask(examples: Path, wanted: str) -> list[str]:
    """Names the splits to report on: those called test where wanted, else validation.

    Raises:
        DataError: There is neither.
    """
    names = storage.splits(examples)
    chosen = [name for name in names if name.startswith(wanted)]
    chosen = chosen or [name for name in names if name == "validation"]
    if not chosen:
        raise DataError(
            f"{examples} has the splits {names}, and none that training did not see. "
            "Ingest a data set with a split named test or validation."
        )
    return chosen


def choose(examples: Path, config: EvaluateConfig) -> tuple[list[Asked], list[str]]:
    """Draws captions from each test split and language, no caption twice.

    The same examples are taken in every language they have, so that languages are
    compared on the same pictures.

    Returns:
        The prompts, and a sentence for each split and language with fewer than asked
        for. One caption alone has no interval, and is left out.

    Raises:
        DataError: No split has two captions of one language.
    """
    chosen: list[Asked] = []
    notes: list[str] = []
    for split in splits_to_ask(examples, config.splits):
        table = storage.read_table(examples, split, ["example_id", "captions"])
        order = np.random.default_rng(config.seed).permutation(len(table))
        by_language = _by_language(table.iloc[order], split, config.num_prompts)
        for lang, asked in sorted(by_language.items()):
            if len(asked) < config.num_prompts:
                notes.append(_too_few(split, lang, len(asked), config.num_prompts))
            chosen += asked if len(asked) >= 2 else []
    if not chosen:
        raise DataError(
            f"The test splits of {examples} have no two captions in one language, "
            "which is too few to score. Ingest more captioned pictures."
        )
    return chosen, notes


def _by_language(table, split: str, num_prompts: int) -> dict[str, list[Asked]]:
    found: dict[str, dict[str, Asked]] = {}
    for row, example_id, captions in table.itertuples():
        first = {caption["lang"]: caption["text"] for caption in reversed(captions)}
        for lang, prompt in first.items():
            of_lang = found.setdefault(lang, {})
            if len(of_lang) < num_prompts and prompt not in of_lang:
                of_lang[prompt] = Asked(
                    split=split,
                    lang=lang,
                    prompt=prompt,
                    example_id=example_id,
                    row=row,
                )
    return {lang: list(asked.values()) for lang, asked in found.items()}


def _too_few(split: str, lang: str, number: int, wanted: int) -> str:
    if number < 2:
        return f"{split} has a single caption in {lang}, and is left out there."
    return (
        f"{split} has fewer than {wanted} different captions in {lang}: its figures "
        f"rest on {number}."
    )


def with_scenes(asked: Sequence[Asked]) -> tuple[list[Asked], list[str]]:
    """Parses what each prompt asks for, and keeps those that ask something.

    Returns:
        The prompts with their scenes, and a sentence for what is left out: prompts
        that raise no question, and each split and language where a single one is left.

    Raises:
        DataError: No split has two prompts of one language that raise a question.
    """
    readable = []
    for one in asked:
        try:
            readable.append(replace(one, scene=parse(one.prompt)))
        except PromptError:
            continue
    left = Counter((one.split, one.lang) for one in readable)
    kept = [one for one in readable if left[one.split, one.lang] >= 2]
    if not kept:
        raise DataError(
            f"Of {len(asked)} prompts, {asked[0].prompt!r} the first, no two of one "
            "split and language raise a question that the scene judge can answer. Run "
            "`llmvis judge` on this data set, so that the general judge reads it."
        )
    return kept, _left_out(asked, left)


def _left_out(asked: Sequence[Asked], left: Counter) -> list[str]:
    num_unread = len(asked) - left.total()
    if not num_unread:
        return []
    notes = [
        f"{num_unread} prompts raise no question and are left out of every figure."
    ]
    for split, lang in dict.fromkeys((one.split, one.lang) for one in asked):
        if left[split, lang] < 2:
            number = "a single prompt" if left[split, lang] else "no prompt"
            notes.append(
                f"{split} has {number} in {lang} that raises a question, and is left "
                "out there."
            )
    return notes


def draw(
    model,
    asked: Sequence[Asked],
    config: EvaluateConfig,
    sampling: SamplingConfig,
    progress: Progress,
) -> Drawn:
    """Draws every prompt with every seed.

    A seed depends on the prompt and its number alone, so that two models are given
    the same ones whatever else is in their reports.

    Raises:
        ShapeError: The model gave something that is no picture.
    """
    repeated = tuple(one for one in asked for _ in range(config.seeds_per_prompt))
    numbers = list(range(config.seeds_per_prompt)) * len(asked)
    seeds = [
        zlib.crc32(f"{config.seed}/{number}/{one.prompt}".encode())
        for one, number in zip(repeated, numbers, strict=True)
    ]
    samples: list[Sample] = []
    timings = []
    for part in _batches(len(seeds), config.batch_size):
        progress(part.start, len(seeds), "drawing pictures")
        prompts = [one.prompt for one in repeated[part]]
        started = time.perf_counter()
        samples += model.generate(prompts, seeds[part], sampling)
        timings.append((time.perf_counter() - started) / len(prompts))
    progress(len(seeds), len(seeds), "drawing pictures")
    finished = _stack(samples, model.picture_size)
    return Drawn(
        asked=repeated,
        samples=tuple(samples),
        finished=finished,
        # Judges have learnt to read that size.
        images=reduce(finished, model.picture_size // model.image_size),
        # The first batch also compiles, which no later picture pays for.
        seconds_per_picture=float(np.median(timings[1:] or timings)),
    )


def first_of(asked: Sequence[Asked]) -> list[int]:
    """Gives one position for each picture: captions in two languages share one."""
    first = {(one.split, one.row): i for i, one in reversed(list(enumerate(asked)))}
    return sorted(first.values())


def _batches(total: int, batch_size: int) -> Iterator[slice]:
    for start in range(0, total, batch_size):
        yield slice(start, min(start + batch_size, total))


def _stack(samples: Sequence[Sample], side: int) -> np.ndarray:
    for sample in samples:
        image = np.asarray(sample.image)
        if image.dtype != np.uint8 or image.shape != (side, side, 3):
            raise ShapeError(
                f"For {sample.prompt!r} the model gave an array of {image.dtype} and "
                f"shape {image.shape} with values from {image.min()} to {image.max()}. "
                f"A picture is uint8 of shape ({side}, {side}, 3): NaN "
                "weights give this, so look at the training curves."
            )
    return np.stack([sample.image for sample in samples])
