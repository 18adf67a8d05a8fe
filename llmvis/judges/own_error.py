"""How often the judges are right on held-out pictures whose truth is known."""

from collections.abc import Callable, Sequence
from random import Random

import numpy as np

from llmvis.judges.altering import another_color, one_thing_more, swapped_relation
from llmvis.judges.answering import answer
from llmvis.judges.calibration import calibration_error, share
from llmvis.judges.general_judge import GeneralJudge
from llmvis.judges.reading import of_truth
from llmvis.judges.retrieval import r_precision, recall_at
from llmvis.judges.scene_judge import SceneJudge
from llmvis.records import Caption, Scene, Verdict

_WRONG = (another_color, swapped_relation, one_thing_more)
_LEAST_CAPTIONS = 2  # among one alone, retrieval is always right


def scene_error(
    judge: SceneJudge, images: np.ndarray, scenes: Sequence[Scene], seed: int
) -> dict:
    """Measures a scene judge on real pictures.

    Args:
        judge: Trained on other pictures.
        images: Shape `(N, H, W, 3)`, uint8.
        scenes: What they show.
        seed: Of the prompts that are wrong.

    Returns:
        For each type of question, and for `all_correct`, the share that rightly holds;
        `rejects_wrong`, the share of prompts with one thing wrong that were rightly
        not called all correct, each with its interval; and `calibration_error` over
        both, in [0, 1], 0 being best. `rejects_wrong` is left out where no scene can
        be spoiled.
    """
    right = judge.judge(images, scenes)
    which, wrong = _wrong_prompts(scenes, seed)
    answers = [one for verdicts in right for one in verdicts]
    figures = {
        about: share([one.holds for one in answers if one.question.about == about])
        for about in dict.fromkeys(one.question.about for one in answers)
    }
    refused = []
    if which:
        refused = judge.judge(images[which], wrong)
        figures["rejects_wrong"] = share([not _all_hold(told) for told in refused])
    shown = [*scenes, *(scenes[i] for i in which)]
    return {
        "all_correct": share([_all_hold(verdicts) for verdicts in right]),
        **figures,
        "calibration_error": _calibration_error(
            [*right, *refused], shown, [*scenes, *wrong]
        ),
    }


def _wrong_prompts(scenes: Sequence[Scene], seed: int):
    """Spoils each scene in one of the ways that it allows: positions and scenes."""
    rng = Random(seed)
    altered = [
        alter(scene, rng) for scene, alter in zip(scenes, _ways(rng), strict=False)
    ]
    kept = [(i, scene) for i, scene in enumerate(altered) if scene is not None]
    return [i for i, _ in kept], [scene for _, scene in kept]


def _ways(rng: Random):
    while True:
        yield rng.choice(_WRONG)


def _all_hold(verdicts: tuple[Verdict, ...]) -> bool:
    return all(one.holds for one in verdicts)


def _calibration_error(verdicts, shown, asked) -> float:
    """Compares confidences with what a judge who is never wrong would answer."""
    truths = [
        one.holds
        for scene, prompt in zip(shown, asked, strict=True)
        for one in answer(of_truth(scene), prompt, box_spread=0.0)
    ]
    confidences = [one.confidence for of_one in verdicts for one in of_one]
    return calibration_error(confidences, truths)


def general_error(
    judge: GeneralJudge,
    images: np.ndarray,
    captions: Sequence[Sequence[Caption]],
    seed: int,
) -> dict:
    """Measures a general judge on real pairs, apart for each language.

    Args:
        judge: Trained on other pictures.
        images: Shape `(N, H, W, 3)`, uint8.
        captions: Those of each picture.
        seed: Of the other captions that each picture is compared with.

    Returns:
        For each language `recall_at_1`, `recall_at_5` and `r_precision`, the ceiling of
        what a generator can reach, and the same with the suffix `_floor` for captions
        that were shuffled. A language with fewer than two different captions is left
        out.
    """
    embeddings = judge.embed_images(images)
    errors = {}
    for lang in sorted({caption.lang for of_one in captions for caption in of_one}):
        firsts = {
            row: next((c.text for c in of_one if c.lang == lang), None)
            for row, of_one in enumerate(captions)
        }
        texts = {row: text for row, text in firsts.items() if text is not None}
        if len(set(texts.values())) >= _LEAST_CAPTIONS:
            errors[lang] = _retrieved(
                judge.embed_texts, embeddings[list(texts)], list(texts.values()), seed
            )
    return errors


def _retrieved(
    embed_texts: Callable[[Sequence[str]], np.ndarray],
    images: np.ndarray,
    texts: list[str],
    seed: int,
) -> dict:
    captions = embed_texts(texts)
    shuffled = np.random.default_rng(seed).permutation(len(texts))
    return {
        f"{name}{suffix}": share(found)
        for suffix, order in (("", np.arange(len(texts))), ("_floor", shuffled))
        for name, found in {
            "recall_at_1": recall_at(1, images[order], captions, texts),
            "recall_at_5": recall_at(5, images[order], captions, texts),
            "r_precision": r_precision(images[order], captions, texts, seed),
        }.items()
    }
