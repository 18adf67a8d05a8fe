"""Whether a scene judge notices what is wrong: the judge is judged."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

import numpy as np

from llmvis.errors import DataError
from llmvis.judges import altering
from llmvis.judges.answering import answer
from llmvis.judges.reading import of_truth
from llmvis.metrics.figure import Figure, mean_of_clusters
from llmvis.records import Scene

# What is changed, and the type of question that should fail because of it.
_ASKED_OTHERWISE = {
    "wrong kind": (altering.another_kind, "thing"),
    "wrong colour": (altering.another_color, "color"),
    "wrong size": (altering.another_size, "size"),
    "wrong count": (altering.another_count, "count"),
    "swapped relation": (altering.swapped_relation, "relation"),
    "wrong background": (altering.another_background, "background"),
    "removed thing": (altering.one_thing_more, "thing"),
    "added thing": (altering.one_thing_less, "extra"),
}
_SPOILED = {
    "gray": (altering.gray, "color"),
    "blur": (altering.blurred, "thing"),
    "noise": (altering.noisy, "thing"),
    "black": (altering.black, "thing"),
}
_WITHOUT_HUE = {"black", "white", "gray"}  # still there when the colours are gone


def sensitivity_table(
    judge,
    images: np.ndarray,
    scenes: Sequence[Scene],
    regressed: np.ndarray,
    seed: int,
) -> list[dict]:
    """Judges real pictures, and the same with something wrong.

    Args:
        judge: Has `judge_scenes`.
        images: Real pictures, shape `(N, H, W, 3)`, uint8.
        scenes: What they show.
        regressed: What a regression draws for the same scenes, shape as `images`.
        seed: Of what is changed.

    Returns:
        A row for each change, the real pictures first: `change`, `notices` (the type
        of question that should fail), `expected` ("high" or "low"), and figures over
        the pictures, in [0, 1]: `all_correct`, `still_yes` (share of yes to the
        questions of that type that the change made wrong, the others left out; None of
        real pictures) and `mean_confidence` (over all questions). Pictures in which a
        change makes nothing wrong are left out, and so is a change that fewer than two
        pictures allow, since an interval takes two.

    Raises:
        DataError: There are fewer than two pictures.
    """
    if len(images) < 2:
        raise DataError(
            f"There are {len(images)} pictures, and shuffling their captions takes at "
            "least 2."
        )
    rng = Random(seed)
    bare = [_without_boxes(scene) for scene in scenes]
    rows: list[dict | None] = [
        _row("none (real pictures)", "", judge.judge_scenes(images, bare), (), seed)
    ]
    asked_otherwise = {
        change: (notices, [alter(scene, rng) for scene in scenes])
        for change, (alter, notices) in _ASKED_OTHERWISE.items()
    }
    asked_otherwise["shuffled captions"] = ("thing", [*scenes[1:], scenes[0]])
    for change, (notices, asked) in asked_otherwise.items():
        wrong = [
            _made_wrong(*pair, notices) for pair in zip(scenes, asked, strict=True)
        ]
        rows.append(_judged(judge, (change, notices), images, asked, wrong, seed))
    spoiled = {
        change: (notices, spoil(images, seed))
        for change, (spoil, notices) in _SPOILED.items()
    }
    spoiled["pictures of a regression"] = ("thing", regressed)
    for change, (notices, pictures) in spoiled.items():
        wrong = [_spoiled(scene, notices) for scene in scenes]
        rows.append(_judged(judge, (change, notices), pictures, scenes, wrong, seed))
    return [row for row in rows if row is not None]


def _made_wrong(truth: Scene, asked: Scene | None, notices: str) -> list[bool]:
    """Marks the questions of one type to which the right answer is now no."""
    if asked is None:
        return []
    return [
        one.question.about == notices and not one.holds
        for one in answer(of_truth(truth), asked, box_spread=0.0)
    ]


def _spoiled(scene: Scene, notices: str) -> list[bool]:
    """Marks the questions of one type that a spoiled picture cannot answer."""
    return [
        one.question.about == notices and one.question.value not in _WITHOUT_HUE
        for one in answer(of_truth(scene), scene, box_spread=0.0)
    ]


def _without_boxes(scene: Scene) -> Scene:
    """A prompt asks for things, not for places of theirs."""
    return replace(
        scene, things=tuple(replace(thing, boxes=()) for thing in scene.things)
    )


def _judged(
    judge, names: tuple[str, str], images, scenes, wrong, seed: int
) -> dict | None:
    """Judges the pairs that have something wrong, if there are enough of them."""
    kept = [i for i, marks in enumerate(wrong) if any(marks)]
    if len(kept) < 2:
        return None
    asked = [_without_boxes(scenes[i]) for i in kept]
    verdicts = judge.judge_scenes(images[kept], asked)
    change, notices = names
    return _row(change, notices, verdicts, [wrong[i] for i in kept], seed)


def _row(change: str, notices: str, verdicts, wrong, seed: int) -> dict:
    marked = [
        [one.holds for one, mark in zip(of_picture, marks, strict=True) if mark]
        for of_picture, marks in zip(verdicts, wrong, strict=False)
    ]
    confidences = [[one.confidence for one in of_picture] for of_picture in verdicts]
    all_hold = [[all(one.holds for one in of_picture)] for of_picture in verdicts]
    return {
        "change": change,
        "notices": notices,
        "expected": "low" if notices else "high",
        "all_correct": _mean(all_hold, seed),
        "still_yes": _mean(marked, seed) if marked else None,
        "mean_confidence": _mean(confidences, seed),
    }


def _mean(values: list[list], seed: int) -> Figure:
    """Averages what comes in pictures."""
    pictures = np.repeat(np.arange(len(values)), [len(one) for one in values])
    return mean_of_clusters(np.concatenate(values), pictures, seed)
