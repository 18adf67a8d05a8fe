"""Trains the scene judge on drawings whose truth is known, and calibrates it.

Dimension key: N pictures, B batch, M copies of things in the truth (padded), P peaks.
"""

from collections.abc import Callable, Sequence

import keras
import numpy as np

from llmvis.config import JudgeConfig
from llmvis.judges import calibration
from llmvis.judges.fit import Batches, fit, recolor, soften
from llmvis.judges.reading import overlap
from llmvis.judges.scene_judge import SceneCalibration, SceneJudge
from llmvis.judges.scene_network import SceneNetwork
from llmvis.judges.scene_truth import CLASSES, to_arrays
from llmvis.records import Scene

_HIDDEN_DIM = 32
_ROUGHNESS = 0.08  # usual error of a coarse box's edge in training, of its side
_FOUND = 0.5  # intersection over union from which a copy counts as found


def train_scene_judge(
    images: np.ndarray,
    scenes: Sequence[Scene],
    config: JudgeConfig,
    on_step: Callable[[int, float], None],
) -> SceneNetwork:
    """Trains a scene network.

    Args:
        images: Of the training split, shape `(N, H, W, 3)`, uint8.
        scenes: Their truth, boxes and all.
        config: How long and how fast.
        on_step: Hears of every step and its loss.

    Raises:
        TrainingError: The loss is not a number any more.
    """
    truth = to_arrays(scenes)
    keras.utils.set_random_seed(config.seed)
    network = SceneNetwork(
        hidden_dim=_HIDDEN_DIM,
        num_classes={name: len(values) for name, values in CLASSES.items()},
    )
    network.build((None, *images.shape[1:]))

    def make(rows, rng):
        chosen = {name: values[rows] for name, values in truth.items()}
        chosen["rough_box"] = _roughen(chosen["box"], rng)
        chosen["is_blind"] = (rng.random((*chosen["present"].shape, 1)) < 0.5).astype(
            np.float32
        )
        # A third of the pictures in false colours, so that no kind is known by its
        # colours: a blue bird is a bird also when all others were red.
        chosen["true_colors"] = (rng.random(len(rows)) < 2 / 3).astype(np.float32)
        pixels = soften(images[rows], rng)
        false = chosen["true_colors"] == 0
        pixels[false] = recolor(pixels[false], rng)
        return pixels, chosen

    batches = Batches(
        make,
        len(images),
        batch_size=config.batch_size,
        num_steps=config.num_steps,
        seed=config.seed,
    )
    fit(network, batches, config.learning_rate, on_step)
    return network


def _roughen(boxes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Moves the edges of boxes `(B, M, 4)` as coarse boxes are off."""
    sides = np.tile(boxes[..., 2:] - boxes[..., :2], 2)
    off = rng.normal(0, _ROUGHNESS, boxes.shape).clip(-0.3, 0.3)
    return (boxes + off * sides).astype(np.float32)


def calibrate(
    network: SceneNetwork, images: np.ndarray, scenes: Sequence[Scene], seed: int
) -> SceneJudge:
    """Fits the chances of a trained network.

    Args:
        network: Trained on other examples.
        images: Of the validation split, shape `(N, H, W, 3)`, uint8. They are softened
            as in training, so that chances also suit pictures that are not crisp.
        scenes: Their truth.
        seed: Of the softening.
    """
    untouched = SceneCalibration(
        center_scale=1.0, center_shift=0.0, temperatures={}, box_spread=0.0
    )
    soft = soften(images, np.random.default_rng(seed)).clip(0, 255) / 255
    looked = SceneJudge(network, untouched).look(soft)
    truth = to_arrays(scenes)
    is_found_NP, is_again_NP, picture, copy, peak = _pairs(looked, truth)
    scale, shift = calibration.fit_logistic(
        looked["center"][~is_again_NP], is_found_NP[~is_again_NP]
    )
    temperatures = {
        name: calibration.fit_temperature(
            looked[name][picture, peak], truth[name][picture, copy]
        )
        for name in ("kind", "color", "size")
    }
    temperatures["background"] = calibration.fit_temperature(
        looked["background"], truth["background"]
    )
    off = looked["box"][picture, peak] - truth["box"][picture, copy]
    if not len(off):  # a network that finds nothing yet; its own error will say so
        off = np.ones(1)
    fitted = SceneCalibration(
        center_scale=scale,
        center_shift=shift,
        temperatures=temperatures,
        # From the median, since a box that is far off is another mistake. 0.674 of a
        # normal distribution's spread is the median of its size.
        box_spread=float(np.median(np.abs(off)) / 0.674),
    )
    return SceneJudge(network, fitted)


def _pairs(looked, truth):
    """Finds the peak of each copy.

    Returns:
        Whether each peak is a copy's, and whether it is one that a likelier peak has
        found already, `(N, P)` bool; and of each copy that was found its picture, its
        place in the truth and its peak.
    """
    matches_NMP = (
        overlap(truth["box"][:, :, None], looked["box"][:, None]) >= _FOUND
    ) & (truth["present"][:, :, None] > 0)
    picture, copy = np.nonzero(matches_NMP.any(axis=-1))
    # Peaks come likeliest first, and the first is the one that a reading keeps.
    peak = matches_NMP.argmax(axis=-1)[picture, copy]
    is_found_NP = np.zeros(looked["center"].shape, bool)
    is_found_NP[picture, peak] = True
    is_again_NP = matches_NMP.any(axis=1) & ~is_found_NP
    return is_found_NP, is_again_NP, picture, copy, peak
