"""The loss curve of a training without validation, as a file that outlives a kill."""

import csv
from pathlib import Path

import numpy as np

from llmvis.files import replacing

CURVE = "curve.csv"
_COLUMNS = ("step", "loss")
_ROW_EVERY = 50  # steps between two points


class Curve:
    """Collects losses, and writes their means by step.

    Args:
        folder: Gets `curve.csv`, with the columns `step` and `loss`. A resumed training
            goes on with it.
    """

    def __init__(self, folder: Path):
        self._path = folder / CURVE
        self._rows = read_curve(folder)
        self._losses: list[float] = []

    def add(self, step: int, loss: float) -> None:
        """Takes the loss of one step, of which `step` are behind us."""
        self._losses.append(loss)
        if step % _ROW_EVERY == 0:
            # Rows from this step on are of a training that was cut off.
            self._rows = [row for row in self._rows if row["step"] < step]
            self._rows.append({"step": step, "loss": float(np.mean(self._losses))})
            self._losses.clear()

    def write(self) -> None:
        """Writes the points so far."""
        with replacing(self._path) as beside, beside.open("w", newline="") as file:
            table = csv.DictWriter(file, _COLUMNS, lineterminator="\n")
            table.writeheader()
            table.writerows(self._rows)


def read_curve(folder: Path) -> list[dict[str, float]]:
    """The points in a folder, by step; none where there is no curve."""
    path = folder / CURVE
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return [
            {"step": int(row["step"]), "loss": float(row["loss"])}
            for row in csv.DictReader(file)
        ]
