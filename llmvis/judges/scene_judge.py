"""Reads pictures of scenes, and answers what prompts ask of them.

Dimension key: B pictures, H rows, W columns, P peaks, K classes, M copies of things in
the truth, F features.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import keras
import numpy as np

from llmvis.judges import calibration
from llmvis.judges.answering import answer
from llmvis.judges.compiled import Compiled
from llmvis.judges.pictures import blocks, check, is_flat
from llmvis.judges.reading import Reading, to_seen
from llmvis.judges.scene_network import SceneNetwork
from llmvis.records import Scene, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneCalibration:
    """What turns the logits of a scene network into chances."""

    center_scale: float
    center_shift: float
    temperatures: Mapping[str, float]  # of kind, color, size and background
    box_spread: float  # usual error of an edge, in [0, 1]


class SceneJudge:
    """Answers questions about pictures with what a scene network reads.

    Args:
        network: Trained.
        calibration: Fitted on examples it was not trained on.
    """

    def __init__(self, network: SceneNetwork, calibration: SceneCalibration):
        self.network, self.calibration = network, calibration
        self._reader = Compiled(network, network.read)

    @classmethod
    def load(cls, path: Path, calibrated: dict) -> "SceneJudge":
        """Reads the network from `path`; `calibrated` is what `to_json` gave."""
        network = keras.saving.load_model(path, safe_mode=True, compile=False)
        return cls(network, SceneCalibration(**calibrated))

    def to_json(self) -> dict:
        """Gives the calibration, for `load`."""
        return asdict(self.calibration)

    def look(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """Runs the network: what `SceneNetwork.read` gives, as arrays.

        Args:
            images: Shape `(B, H, W, 3)`, uint8, or float in [0, 1].

        Raises:
            ShapeError: Another shape.
            DataError: A pixel is not a number, or out of range.
        """
        parts = [self._reader.predict_on_batch(b) for b in blocks(check(images))]
        return {
            name: np.concatenate([part[name] for part in parts])[: len(images)]
            for name in parts[0]
        }

    def readings(self, images: np.ndarray) -> list[Reading]:
        """Reads pictures with chances for everything; `images` as for `look`."""
        looked, fit = self.look(images), self.calibration
        present_BP = calibration.chance(
            looked["center"], fit.center_scale, fit.center_shift
        )
        chances = {
            name: calibration.chances(looked[name], temperature)
            for name, temperature in fit.temperatures.items()
        }
        background_BK = chances.pop("background")
        flat_B = is_flat(images)
        return [
            Reading(
                seen=to_seen(
                    present_BP[b],
                    looked["box"][b],
                    {name: values[b] for name, values in chances.items()},
                ),
                background=background_BK[b],
                is_flat=bool(flat_B[b]),
            )
            for b in range(len(images))
        ]

    def read(self, images: np.ndarray) -> list[Scene]:
        """Tells what is in pictures, boxes included, without relations."""
        return [reading.scene() for reading in self.readings(images)]

    def judge(
        self, images: np.ndarray, asked: Sequence[Scene]
    ) -> list[tuple[Verdict, ...]]:
        """Answers for each picture what its scene asks, see `answering.answer`."""
        return [
            answer(reading, scene, self.calibration.box_spread)
            for reading, scene in zip(self.readings(images), asked, strict=True)
        ]

    def features(self, images: np.ndarray) -> np.ndarray:
        """Gives the network's features, shape `(B, F)` float32, at least 0."""
        return self.look(images)["features"]
