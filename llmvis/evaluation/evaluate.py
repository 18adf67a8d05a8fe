"""Asks a model for pictures, has them judged, and gathers what was found."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from llmvis import storage
from llmvis.config import EvaluateConfig, Params
from llmvis.errors import MismatchError
from llmvis.evaluation import alignment, asking, distribution, fidelity, finishing
from llmvis.evaluation.asking import Asked, Drawn, Progress
from llmvis.evaluation.compare import language_gaps
from llmvis.evaluation.confusion import Counts, confusions
from llmvis.evaluation.judge_order import by_change, order_note, trust_note
from llmvis.evaluation.word_regression import regressed_pictures
from llmvis.metrics.figure import Figure
from llmvis.records import Scene

_NUM_PARTS = 5  # of the work after drawing
_NUM_COPIES = 8  # memorisation pairs to show
_NUM_REAL_COPIES = 4  # the same of real test pictures, to compare with
_NUM_REBUILT = 8  # real pictures to show before and after the image tokenizer
_NUM_SPOILED = 200  # enough for the order of the changes to be plain


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """Everything a report says, before it is written down."""

    metrics: dict  # nested names -> figures or numbers
    rows: pd.DataFrame  # one row for each sample, see alignment.judged_rows
    images: np.ndarray  # what was drawn, in the order of `rows`, (N, Y, X, 3) uint8
    reals: np.ndarray  # what each prompt describes, (N, H, W, 3) uint8
    confusions: tuple[Counts, Counts] | None  # of kinds and of colours
    copies: list[tuple[int, float, np.ndarray]]  # row, distance, training picture
    real_copies: list[tuple[np.ndarray, float, np.ndarray]]  # real, distance, training
    rebuilt: list[tuple[np.ndarray, np.ndarray]]  # real picture, after the tokenizer
    finishing: list[tuple[str, np.ndarray]]  # step -> some pictures; none where off
    sensitivity: list[dict]  # how the judge answers when pictures are spoiled
    notes: list[str]  # what a reader must know before believing a figure


def evaluate(
    model, judge, examples: Path, params: Params, progress: Progress
) -> Findings:
    """Draws the test prompts and measures the pictures in every way there is.

    Args:
        model: A `TextToImage`.
        judge: A `judges.Judge`, trained on the same examples.
        examples: The folder of examples.
        params: Sections `evaluate` and `sampling` are used.
        progress: Told how far it is: done, total, what.

    Raises:
        MismatchError: Model, judge and examples were not made from each other.
        DataError: There are too few prompts, or none that raises a question.
        StorageError: The weights for FID are wanted and not there.
    """
    config = params.evaluate
    _check_judge(judge, examples)
    asked, notes = _prompts(judge, examples, config)
    reals = alignment.real_pictures(examples, asked)
    fidelity.check_match(model, reals)
    inception = distribution.read_inception(config.inception_weights)
    drawn = asking.draw(model, asked, config, params.sampling, progress)
    progress(0, _NUM_PARTS, "judging what was drawn")
    rows = _judged(judge, drawn, config.seed)
    progress(1, _NUM_PARTS, "judging real pictures beside it")
    yardsticks = _yardsticks(model, judge, asked, reals, drawn, config.seed)
    progress(2, _NUM_PARTS, "comparing the sets of pictures")
    sets = _compare_sets(judge, asked, reals, drawn, config, inception)
    progress(3, _NUM_PARTS, "looking for copies of training pictures")
    copies = distribution.Copies(examples, drawn.images, reals[asking.first_of(asked)])
    progress(4, _NUM_PARTS, "measuring the parts")
    memorised = copies.figures(drawn.asked, config.seed)
    parts = _parts(model, asked, reals, drawn, config.seed)
    some = reals[asking.first_of(asked)]
    finished, shown = finishing.finishing_figures(
        model, judge, asked, reals, params, progress
    )
    sensitivity = _sensitivity(judge, examples, asked, config.seed)
    progress(_NUM_PARTS, _NUM_PARTS, "writing the report")
    return Findings(
        metrics={
            "alignment": alignment.scores(rows, config.seed),
            "language_gap": _language_gap(rows, config.seed),
            **yardsticks,
            **sets,
            "memorisation": memorised,
            **parts,
            **finished,
            "judge": judge.error,
            "judge_sensitivity": by_change(sensitivity),
        },
        rows=rows,
        images=drawn.finished,
        reals=np.repeat(reals, config.seeds_per_prompt, axis=0),
        rebuilt=_rebuilt(model, some[:_NUM_REBUILT]),
        finishing=shown,
        confusions=_confused(judge, drawn),
        copies=copies.closest(_NUM_COPIES),
        real_copies=[
            (some[i], distance, neighbour)
            for i, distance, neighbour in copies.closest_reals(_NUM_REAL_COPIES)
        ],
        sensitivity=sensitivity,
        notes=[
            *notes,
            *distribution.too_few_note(some),
            *distribution.fid_note(sets["distribution"]),
            *trust_note(yardsticks["real"]),
            *order_note(sensitivity),
            *distribution.copies_note(memorised["copies"]),
            *fidelity.flat_note(drawn.images),
        ],
    )


def draw_and_judge(
    model, judge, examples: Path, params: Params, progress: Progress
) -> tuple[pd.DataFrame, dict]:
    """Gives another model the prompts and seeds of a report, for a comparison.

    Args:
        model: A `TextToImage`.
        judge: The `judges.Judge` of the report.
        examples: The folder of examples.
        params: Sections `evaluate` and `sampling` are used.
        progress: Told how far it is: done, total, what.

    Returns:
        The rows that a report of the model would have, without pictures; and of its
        metrics `alignment`, `seed_diversity`, `memorisation` and `cost`.

    Raises:
        MismatchError: Model, judge and examples were not made from each other.
        DataError: There are too few prompts, or none that raises a question.
        ShapeError: The model gave something that is no picture.
    """
    config = params.evaluate
    _check_judge(judge, examples)
    asked, _ = _prompts(judge, examples, config)
    reals = alignment.real_pictures(examples, asked)
    fidelity.check_match(model, reals)
    drawn = asking.draw(model, asked, config, params.sampling, progress)
    progress(0, 1, "judging what was drawn")
    rows = _judged(judge, drawn, config.seed)
    diversity = {}
    if config.seeds_per_prompt > 1:
        features = judge.features(drawn.images)
        diversity["judge_features"] = distribution.diversity(
            features, drawn.asked, config.seed
        )
    copies = distribution.Copies(examples, drawn.images, reals[asking.first_of(asked)])
    progress(1, 1, "judging what was drawn")
    return rows, {
        "alignment": alignment.scores(rows, config.seed),
        "seed_diversity": diversity,
        "memorisation": copies.figures(drawn.asked, config.seed),
        "cost": _cost(model, drawn),
    }


def _check_judge(judge, examples: Path) -> None:
    if judge.examples != storage.fingerprint(examples):
        raise MismatchError(
            f"The judge was trained on other examples than {examples} holds now. Run "
            "`llmvis judge` again."
        )


def _prompts(
    judge, examples: Path, config: EvaluateConfig
) -> tuple[list[Asked], list[str]]:
    asked, notes = asking.choose(examples, config)
    if judge.scene is None:
        return asked, notes
    asked, left_out = asking.with_scenes(asked)
    return asked, notes + left_out


def _judged(judge, drawn: Drawn, seed: int) -> pd.DataFrame:
    rows = alignment.judged_rows(judge, drawn.asked, drawn.images, seed)
    rows.insert(4, "seed", [sample.seed for sample in drawn.samples])
    rows["unknown_words"] = [list(sample.unknown_words) for sample in drawn.samples]
    return rows


def _yardsticks(
    model, judge, asked: list[Asked], reals: np.ndarray, drawn: Drawn, seed: int
) -> dict[str, alignment.Scores]:
    """Scores what belongs beside every figure: the best, the possible, and chance."""
    pictures = {
        "real": (asked, reals),
        "tokenizer_ceiling": (asked, model.reconstruct(reals)),
        "shuffled": (drawn.asked, drawn.images[alignment.shifted(drawn.asked)]),
    }
    return {
        name: alignment.scores(
            alignment.judged_rows(judge, prompts, images, seed), seed
        )
        for name, (prompts, images) in pictures.items()
    }


def _language_gap(rows: pd.DataFrame, seed: int) -> dict[str, Figure]:
    """Gives Chinese less English of the same pictures, for each split."""
    key = "all_correct" if "all_correct" in rows else "r_precision"
    gaps = language_gaps(rows, key, ("en", "zh"), seed)
    return {gap.split: gap.difference for gap in gaps}


def _compare_sets(
    judge,
    asked: list[Asked],
    reals: np.ndarray,
    drawn: Drawn,
    config: EvaluateConfig,
    inception: distribution.Features | None,
) -> dict:
    from llmvis.metrics.image_features import random_conv_features  # TensorFlow: late

    reals = reals[asking.first_of(asked)]
    enough = not distribution.too_few_note(reals)
    figures: dict = {"distribution": {}, "seed_diversity": {}}
    describe = {
        "judge_features": judge.features,
        "random_conv_features": random_conv_features,
    }
    for name, features in describe.items():
        real, sampled = features(reals), features(drawn.images)
        if enough:
            compared = distribution.compare_sets(real, sampled, config.seed)
            figures["distribution"][name] = compared
        if config.seeds_per_prompt > 1:
            figures["seed_diversity"][name] = distribution.diversity(
                sampled, drawn.asked, config.seed
            )
    if enough and inception is not None:
        figures["distribution"]["inception_features"] = distribution.inception(
            reals, drawn.images, inception, config.seed
        )
    return figures


def _parts(
    model, asked: list[Asked], reals: np.ndarray, drawn: Drawn, seed: int
) -> dict:
    once = reals[asking.first_of(asked)]
    return {
        "likelihood": fidelity.likelihood_figures(model, asked, reals, seed),
        "tokenizer": fidelity.tokenizer_figures(model, once, seed),
        "vocabulary": fidelity.vocabulary_figures(drawn, seed),
        "cost": _cost(model, drawn),
    }


def _cost(model, drawn: Drawn) -> dict[str, float]:
    return {
        "seconds_per_picture": drawn.seconds_per_picture,
        "parameters": model.num_parameters,
    }


def _rebuilt(model, images: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    return list(zip(images, model.reconstruct(images), strict=True))


def _confused(judge, drawn: Drawn) -> tuple[Counts, Counts] | None:
    if judge.scene is None:
        return None
    wanted = [one.scene for one in drawn.asked if one.scene is not None]
    return confusions(wanted, judge.read(drawn.images))


def _sensitivity(judge, examples: Path, asked: list[Asked], seed: int) -> list[dict]:
    from llmvis.evaluation.sensitivity import sensitivity_table  # TensorFlow: late

    if judge.scene is None:
        return []
    once = [asked[i] for i in asking.first_of(asked)]
    order = np.random.default_rng(seed).permutation(len(once))[:_NUM_SPOILED]
    some = [once[i] for i in order]
    tables = {
        split: storage.read_table(examples, split, ["scene"])["scene"]
        for split in {one.split for one in some}
    }
    truths = [Scene.from_json(tables[one.split].iloc[one.row]) for one in some]
    images = alignment.real_pictures(examples, some)
    regressed = regressed_pictures(examples, [one.prompt for one in some])
    return sensitivity_table(judge, images, truths, regressed, seed)
