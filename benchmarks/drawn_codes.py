"""Whole prompts right, read from the codes that a model draws, without a judge.

What each code stands for is looked up in the training pictures, whose truth is known:
so the language model is measured apart from what decoder and judge may get wrong. For
`scenes` with the tokenizer `layers`, after `llmvis train`:

    uv run python benchmarks/drawn_codes.py --split validation --num-prompts 400

The first row of each language reads the codes of the real pictures, and is the ceiling.

Dimension key: N pictures, D digits of a form or palette.
"""

import argparse
import json
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np

from llmvis import config, storage
from llmvis.errors import PromptError
from llmvis.image_tokenizers.batching import in_batches
from llmvis.image_tokenizers.cutout_autoencoder import FORM_DIGITS, PALETTE_DIGITS
from llmvis.judges.answering import answer
from llmvis.judges.reading import of_truth
from llmvis.prompts.parse import parse
from llmvis.records import Scene, Thing

EXAMPLES, TOKENS, MODEL = Path("data/examples"), Path("data/tokens"), Path("data/model")
LOOKED_AT = 20_000  # training pictures, in which every code that matters comes again
LARGE = 22  # of 64ths of the picture; no thing's longer side is between 18 and 26


class CodeReader:
    """What the codes of one image tokenizer stand for."""

    def __init__(self, tokenizer, codes: np.ndarray, scenes: list[Scene]):
        self._tokenizer = tokenizer
        self._kinds, self._colors = defaultdict(Counter), defaultdict(Counter)
        self._backgrounds = defaultdict(Counter)
        for row, boxes, scene in zip(codes, self._boxes(codes), scenes, strict=True):
            self._backgrounds[tuple(row[0, 0, :2])][scene.background] += 1
            for number, box in boxes:
                self._learn(row[number], box, scene)

    def scene(self, row: np.ndarray) -> Scene:
        """What the codes `(1 + N, 3, D)` of one picture show, without relations."""
        things = [
            Thing(
                kind=_nearest(self._kinds, row[number, 1, :FORM_DIGITS]),
                color=_nearest(self._colors, row[number, 0, :PALETTE_DIGITS]),
                size="large"
                if max(box[2] - box[0], box[3] - box[1]) > LARGE
                else "small",
                count=1,
                boxes=(tuple((box / 64).tolist()),),
            )
            for number, box in next(self._boxes(row[None]))
        ]
        background = _nearest(self._backgrounds, row[0, 0, :2])
        return Scene(things=tuple(things), relations=(), background=background)

    def _learn(self, digits, box, scene):
        for thing in scene.things:
            for truth in thing.boxes:
                if np.abs(np.array(truth) * 64 - box).max() <= 1:
                    self._kinds[tuple(digits[1, :FORM_DIGITS])][thing.kind] += 1
                    self._colors[tuple(digits[0, :PALETTE_DIGITS])][thing.color] += 1

    def _boxes(self, codes):
        """For each picture the numbers and boxes, in 64ths, of what is there."""
        there = np.asarray(self._tokenizer._is_there(codes))
        boxes = np.asarray(self._tokenizer.boxes(codes))
        boxes = boxes * 64 / self._tokenizer.image_size
        start = np.clip(boxes[..., :2], 0, 63)
        boxes[..., :2], boxes[..., 2:] = start, np.clip(boxes[..., 2:], start + 1, 64)
        for held, of_one in zip(there, boxes, strict=True):
            yield [(n + 1, of_one[n]) for n in np.flatnonzero(held)]


def _nearest(table, digits):
    """The usual meaning of a code, or of the nearest one that has a meaning."""
    key = tuple(digits)
    if key not in table:
        known = np.array(list(table))
        key = tuple(known[np.abs(known - digits).sum(axis=1).argmin()])
    return table[key].most_common(1)[0][0]


def _prompts(split: str, lang: str, most: int):
    table = storage.read_table(EXAMPLES, split, ["captions", "scene"])
    for row, (captions, scene) in enumerate(
        zip(table.captions, table.scene, strict=True)
    ):
        texts = [c["text"] for c in captions if c["lang"] == lang]
        if texts and most > 0:
            most -= 1
            yield row, texts[row % len(texts)], len(json.loads(scene)["things"])


def _draw(model, prompts, sampling):
    import tensorflow as tf

    from llmvis.generators.drawing import Draw

    draw = Draw(
        guided=True,
        narrowed=sampling.top_k > 0 or sampling.top_p < 1.0,
        top_k=sampling.top_k,
        top_p=sampling.top_p,
        num_steps=sampling.num_steps,
        guidance_scale=sampling.guidance_scale,
        temperature=sampling.temperature,
        lengths=model.image_tokenizer.lengths,
    )
    empty = model.text_tokenizer.empty_caption()
    sample = tf.function(
        lambda ids, noise: model.generator.sample(ids, noise, empty, draw),
        jit_compile=True,
    )
    token_ids = model.text_tokenizer.encode(prompts, truncate=True)
    return in_batches(sample, token_ids, model._noise(range(len(prompts))))


def _show(name, reader, codes, asked):
    right = defaultdict(list)
    for row, (_, prompt, num_things) in zip(codes.astype(int), asked, strict=True):
        try:
            wanted = parse(prompt)
        except PromptError:
            continue
        verdicts = answer(of_truth(reader.scene(row)), wanted, 0.0)
        right[num_things].append(all(verdict.holds for verdict in verdicts))
    every = [held for of_some in right.values() for held in of_some]
    by_number = {number: f"{np.mean(right[number]):.1%}" for number in sorted(right)}
    print(f"{name:28} {np.mean(every):6.1%} of {len(every)}, by things {by_number}")


def main() -> None:
    """Prints a row for the real and for the drawn codes of each language."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--split", default="validation")
    options.add_argument("--num-prompts", type=int, default=400)
    options.add_argument("--model", type=Path, default=MODEL)
    chosen = options.parse_args()
    from llmvis.text_to_image import TextToImage

    model = TextToImage.load(chosen.model)
    train = storage.read_tokens(TOKENS, "train").codes[:LOOKED_AT]
    truth = storage.read_table(EXAMPLES, "train", ["scene"]).scene[:LOOKED_AT]
    reader = CodeReader(
        model._image_tokenizer,
        np.asarray(train).astype(int),
        [Scene.from_json(text) for text in truth],
    )
    sampling = config.read().sampling
    for lang in ("en", "zh"):
        asked = list(_prompts(chosen.split, lang, chosen.num_prompts))
        rows, prompts = [row for row, _, _ in asked], [prompt for _, prompt, _ in asked]
        if chosen.split == "validation":
            real = storage.read_tokens(TOKENS, "validation").codes[rows]
            _show(f"{chosen.split} {lang}, real codes", reader, real, asked)
        drawn = _draw(model, prompts, sampling)
        _show(f"{chosen.split} {lang}, drawn", reader, drawn, asked)


if __name__ == "__main__":
    main()
