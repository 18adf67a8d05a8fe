"""Whether a scene judge notices what is wrong: the judge is judged."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

import numpy as np

from llmvis.errors import DataError
from llmvis.judges import altering
from llmvis.records import Scene, Verdict

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
        of question that should fail), `expected` ("high" or "low"), `all_correct`,
        `asked_type` (share of yes to that type) and `mean_confidence` (over all
        questions), in [0, 1], and `n` pictures. A change that no scene allows is left
        out.

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
    rows = [_row(judge, "none (real pictures)", "", images, bare)]
    rows += [
        _row(judge, change, notices, *_asked_otherwise(images, scenes, alter, rng))
        for change, (alter, notices) in _ASKED_OTHERWISE.items()
    ]
    # Each next caption; chance equals among them are as rare as in real prompts.
    rows.append(_row(judge, "shuffled captions", "thing", images, bare[1:] + bare[:1]))
    rows += [
        _row(judge, change, notices, spoil(images, seed), bare)
        for change, (spoil, notices) in _SPOILED.items()
    ]
    rows.append(_row(judge, "pictures of a regression", "thing", regressed, bare))
    return [row for row in rows if row["n"]]


def _asked_otherwise(images, scenes, alter, rng):
    changed = [alter(scene, rng) for scene in scenes]
    kept = [i for i, scene in enumerate(changed) if scene is not None]
    return images[kept], [_without_boxes(changed[i]) for i in kept]


def _without_boxes(scene: Scene) -> Scene:
    """A prompt asks for things, not for places of theirs."""
    return replace(
        scene, things=tuple(replace(thing, boxes=()) for thing in scene.things)
    )


def _row(judge, change: str, notices: str, images, scenes) -> dict:
    verdicts = judge.judge_scenes(images, scenes) if len(images) else []
    answers = [one for of_picture in verdicts for one in of_picture]
    asked = [one.holds for one in answers if one.question.about == notices]
    return {
        "change": change,
        "notices": notices,
        "expected": "low" if notices else "high",
        "all_correct": _mean(_all_hold(of_picture) for of_picture in verdicts),
        "asked_type": _mean(asked),
        "mean_confidence": _mean(one.confidence for one in answers),
        "n": len(images),
    }


def _all_hold(verdicts: tuple[Verdict, ...]) -> bool:
    return all(one.holds for one in verdicts)


def _mean(values) -> float | None:
    values = list(values)
    return float(np.mean(values)) if values else None
