"""Both judges of a data set in one folder, with their own measured error."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from llmvis.errors import DataError
from llmvis.judges.general_judge import GeneralJudge
from llmvis.judges.scene_judge import SceneJudge
from llmvis.records import Scene, Verdict
from llmvis.storage import read_json, write_json


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """What judges pictures of one data set."""

    scene: SceneJudge | None  # None where the data set does not tell what it shows
    general: GeneralJudge
    error: dict  # of each judge and held-out split, see own_error.py
    examples: str  # fingerprint of the examples both were trained on

    @property
    def name(self) -> str:
        """Names the features, so that figures of two judges are not compared."""
        kind = "general" if self.scene is None else "scene"
        return f"{kind} judge of examples {self.examples}"

    def judge_scenes(
        self, images: np.ndarray, scenes: Sequence[Scene]
    ) -> list[tuple[Verdict, ...]]:
        """Answers what each scene asks of its picture, see `answering.answer`.

        Args:
            images: Shape `(B, H, W, 3)`, uint8, or float in [0, 1].
            scenes: What each picture should show, B of them.

        Raises:
            DataError: This data set has no scene judge, or a pixel is not a number.
            ShapeError: The pictures have another shape.
            PromptError: A scene asks for nothing.
        """
        return self._scene_judge().judge(images, scenes)

    def read(self, images: np.ndarray) -> list[Scene]:
        """Tells what is in pictures, boxes included, without relations.

        Raises:
            DataError: This data set has no scene judge, or a pixel is not a number.
            ShapeError: The pictures have another shape.
        """
        return self._scene_judge().read(images)

    def features(self, images: np.ndarray) -> np.ndarray:
        """Gives `(B, F)` float32 features of the scene judge, or else the general."""
        if self.scene is None:
            return self.general.embed_images(images)
        return self.scene.features(images)

    def save(self, folder: Path) -> None:
        """Writes networks, calibration and errors into an existing folder."""
        self.general.save(folder)
        calibrated = None
        if self.scene is not None:
            self.scene.network.save(folder / "scene.keras")
            calibrated = self.scene.to_json()
        write_json(
            folder / "judge.json",
            {"examples": self.examples, "error": self.error, "scene": calibrated},
        )

    def _scene_judge(self) -> SceneJudge:
        if self.scene is None:
            raise DataError(
                "The examples do not tell what is in their pictures, so no judge could "
                "learn to read them. Use `general` of this judge, or the data set "
                "`scenes`."
            )
        return self.scene


def load(folder: Path) -> Judge:
    """Reads what `Judge.save` wrote.

    Raises:
        MissingStage: There is no judge in `folder`.
    """
    told = read_json(folder / "judge.json", "judge")
    scene = None
    if told["scene"] is not None:
        scene = SceneJudge.load(folder / "scene.keras", told["scene"])
    return Judge(
        scene=scene,
        general=GeneralJudge.load(folder),
        error=told["error"],
        examples=told["examples"],
    )
