"""Whether pictures show what their prompts ask for."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from llmvis import storage
from llmvis.evaluation.asking import Asked
from llmvis.metrics import soft_tifa
from llmvis.metrics.figure import Figure, mean_of_clusters
from llmvis.records import Verdict

QUESTIONS = ("thing", "color", "size", "count", "relation", "background", "extra")

MEASURES = (
    "all_correct",
    "soft_tifa_am",
    "soft_tifa_gm",
    "recall_at_1",
    "recall_at_5",
    "r_precision",
    "similarity",
)

Scores = dict[str, dict[str, dict[str, Figure]]]  # split -> language -> key -> figure


def judged_rows(
    judge, asked: Sequence[Asked], images: np.ndarray, seed: int
) -> pd.DataFrame:
    """Makes a table of one row for each picture and what the judges say of it.

    Args:
        judge: A `judges.Judge`.
        asked: The prompt of each picture; with its scene, where `judge.scene` is.
        images: Shape `(N, H, W, 3)`, uint8.
        seed: Of the other captions that each picture is compared with.

    Returns:
        Columns `split`, `lang`, `prompt`, `example_id`, and by the general judge
        `recall_at_1`, `recall_at_5` (among the prompts of the split and language),
        `r_precision` (among 100) and `similarity` (cosine of picture and caption).
        By the scene judge, where there is one, also `num_things`, `all_correct`,
        `soft_tifa_am`, `soft_tifa_gm` and `verdicts`.
    """
    rows = pd.DataFrame(
        {
            "split": one.split,
            "lang": one.lang,
            "prompt": one.prompt,
            "example_id": one.example_id,
        }
        for one in asked
    )
    if judge.scene is not None:
        scenes = [one.scene for one in asked if one.scene is not None]
        verdicts = judge.judge_scenes(images, scenes)
        rows["num_things"] = [len(scene.things) for scene in scenes]
        rows = pd.concat([rows, _answered(verdicts)], axis=1)
    return pd.concat([rows, _retrieved(judge.general, rows, images, seed)], axis=1)


def _answered(verdicts: Sequence[tuple[Verdict, ...]]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "all_correct": all(answer.holds for answer in answers),
            "soft_tifa_am": soft_tifa.arithmetic_mean(_confidences(answers)),
            "soft_tifa_gm": soft_tifa.geometric_mean(_confidences(answers)),
            "verdicts": [_flat(answer) for answer in answers],
        }
        for answers in verdicts
    )


def _confidences(answers: Sequence[Verdict]) -> list[float]:
    # As published, Soft-TIFA does not ask what else is in the picture.
    return [a.confidence for a in answers if a.question.about != "extra"]


def _flat(answer: Verdict) -> dict:
    return {
        "about": answer.question.about,
        "value": answer.question.value,
        "question": answer.question.text,
        "holds": bool(answer.holds),
        "confidence": float(answer.confidence),
        "reason": answer.reason,
        "parents": list(answer.question.parents),
    }


def reasons(verdicts: Sequence[Mapping]) -> list[str]:
    """Says what failed first: a missing thing, and not also its colour.

    Args:
        verdicts: Those of one picture, as in the table of `judged_rows`.
    """
    return [
        verdict["reason"]
        for verdict in verdicts
        if not verdict["holds"]
        and all(verdicts[parent]["holds"] for parent in verdict["parents"])
    ]


def _retrieved(general, rows: pd.DataFrame, images: np.ndarray, seed: int):
    pictures = general.embed_images(images)
    # Seeds of one prompt are looked up apart, or each would hide the others.
    draw = rows.groupby(["split", "lang", "prompt"]).cumcount().rename("draw")
    parts = [
        _hits(pictures[part.index], part["prompt"], general, seed)
        for _, part in rows.groupby(["split", "lang", draw])
    ]
    return pd.concat(parts).sort_index()


def _hits(pictures: np.ndarray, prompts: pd.Series, general, seed: int):
    # Judges bring TensorFlow, ten seconds that comparing two reports need not wait.
    from llmvis.judges.retrieval import r_precision, recall_at

    texts = general.embed_texts(list(prompts))
    pair = (pictures, texts, list(prompts))
    return pd.DataFrame(
        {
            "recall_at_1": recall_at(1, *pair),
            "recall_at_5": recall_at(5, *pair),
            "r_precision": r_precision(*pair, seed),
            "similarity": np.sum(pictures * texts, axis=1),
        },
        index=prompts.index,
    )


def scores(rows: pd.DataFrame, seed: int) -> Scores:
    """Scores each split and language, prompts resampled for the intervals.

    Args:
        rows: What `judged_rows` makes.
        seed: Of the intervals.

    Returns:
        `all_correct` (share of pictures with every answer yes), the two Soft-TIFA
        means, the share of yes for each type of question, `things_N` (`all_correct`
        of prompts with N things), and the four figures of the general judge. Higher
        is better; what fewer than two prompts ask is left out.
    """
    found: Scores = {}
    for (split, lang, key), group in values(rows).groupby(["split", "lang", "key"]):
        prompts = group["example_id"].to_numpy()
        if len(set(prompts)) >= 2:
            figure = mean_of_clusters(group["value"].to_numpy(), prompts, seed)
            found.setdefault(str(split), {}).setdefault(str(lang), {})[str(key)] = (
                figure
            )
    return found


def values(rows: pd.DataFrame) -> pd.DataFrame:
    """Lists every single value that a figure averages.

    Args:
        rows: What `judged_rows` makes.

    Returns:
        The columns of `rows` that name a sample, and `key` (what is measured), `item`
        (the question and its place, empty where it is none) and `value` (a number, or
        0 and 1).
    """
    names = ["split", "lang", "prompt", "example_id"]
    names += ["seed"] if "seed" in rows else []
    measured = [key for key in MEASURES if key in rows]
    parts = [rows.melt(names, measured, var_name="key").assign(item="")]
    if "verdicts" in rows:
        answers = rows[[*names, "verdicts"]].reset_index(drop=True).explode("verdicts")
        # Two keys in a prompt ask "Is there a key?" twice.
        place = answers.groupby(level=0).cumcount().astype(str).to_numpy()
        answers = answers.reset_index(drop=True)
        said = pd.DataFrame(answers.pop("verdicts").tolist())
        answers["key"], answers["item"] = said["about"], place + " " + said["question"]
        parts.append(answers.assign(value=said["holds"]))
        by_number = "things_" + rows["num_things"].astype(str)
        whole = rows[names].assign(key=by_number, value=rows["all_correct"], item="")
        parts.append(whole)
    return pd.concat(
        [part.assign(value=part["value"].astype("float64")) for part in parts],
        ignore_index=True,
    )


def real_pictures(examples: Path, asked: Sequence[Asked]) -> np.ndarray:
    """Reads the picture that each prompt describes, `(N, H, W, 3)` uint8."""
    pictures: dict[tuple[str, int], np.ndarray] = {}
    for split in sorted({one.split for one in asked}):
        rows = sorted({one.row for one in asked if one.split == split})
        chosen = storage.pick_images(examples, split, rows)
        pictures |= {
            (split, row): image for row, image in zip(rows, chosen, strict=True)
        }
    return np.stack([pictures[one.split, one.row] for one in asked])


def shifted(asked: Sequence[Asked]) -> list[int]:
    """Gives every prompt the picture of another of its split and language.

    Returns:
        For each prompt the position of the other, so that `images[shifted(asked)]`
        shows how often a picture is right by chance.
    """
    places: dict[tuple[str, str], list[int]] = {}
    for place, one in enumerate(asked):
        places.setdefault((one.split, one.lang), []).append(place)
    other = list(range(len(asked)))
    for group in places.values():
        # Half way round, so that seeds of one prompt do not swap with each other.
        turn = len(group) // 2
        for here, there in zip(group, group[turn:] + group[:turn], strict=True):
            other[here] = there
    return other
