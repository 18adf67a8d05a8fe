"""Trains the judges that a data set allows, and measures them on what it holds out.

The pictures are real ones alone: no judge ever sees a generated picture.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from llmvis.config import JudgeConfig
from llmvis.errors import DataError
from llmvis.judges.general_judge import train_general_judge
from llmvis.judges.judge import Judge
from llmvis.judges.own_error import general_error, scene_error
from llmvis.judges.scene_training import calibrate, train_scene_judge
from llmvis.records import Caption, Scene

Progress = Callable[
    [int, int, str], None
]  # steps behind us, steps in all, what is done


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """The pictures of one split with what is known of them."""

    images: np.ndarray  # (N, H, W, 3) uint8, also memory-mapped
    captions: Sequence[Sequence[Caption]]
    scenes: Sequence[Scene]  # empty where the truth is not known


def train_judge(
    splits: dict[str, Pairs], examples: str, config: JudgeConfig, progress: Progress
) -> Judge:
    """Trains on `train`, calibrates on `validation`, measures on every other split.

    Args:
        splits: Must hold `train` and `validation`.
        examples: Fingerprint of the examples.
        config: How long and how fast.
        progress: Hears of every step.

    Raises:
        DataError: A split is missing or empty.
        TrainingError: A loss is not a number any more.
    """
    _require(splits, "train")
    train = splits["train"]
    scene = None
    if train.scenes:
        _require(splits, "validation")
        network = train_scene_judge(
            train.images,
            train.scenes,
            config,
            _report(progress, config.num_steps, "scene judge"),
        )
        validation = splits["validation"]
        scene = calibrate(network, validation.images, validation.scenes, config.seed)
    general = train_general_judge(
        train.images,
        [[caption.text for caption in of_one] for of_one in train.captions],
        config,
        _report(progress, config.general_num_steps, "general judge"),
    )
    held_out = {name: pairs for name, pairs in splits.items() if name != "train"}
    error = {
        "scene": {
            name: scene_error(scene, pairs.images, pairs.scenes, config.seed)
            for name, pairs in held_out.items()
            if scene is not None
        },
        "general": {
            name: general_error(general, pairs.images, pairs.captions, config.seed)
            for name, pairs in held_out.items()
        },
    }
    return Judge(scene=scene, general=general, error=error, examples=examples)


def _require(splits: dict[str, Pairs], name: str) -> None:
    if name not in splits or not len(splits[name].images):
        raise DataError(
            f"The examples have no split `{name}`, and the judges need one. Run "
            "`llmvis ingest` on more pictures."
        )


def _report(progress: Progress, num_steps: int, name: str):
    def on_step(step, loss):
        progress(step, num_steps, f"training the {name}, loss {loss:.3f}")

    return on_step
