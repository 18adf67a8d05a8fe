from types import SimpleNamespace

import numpy as np
import pandas as pd

from llmvis.training.journal import Journal


class Painter:
    """Reads every prompt and draws black."""

    text_tokenizer = SimpleNamespace(encode=list)

    def generate(self, prompts, seeds, sampling):  # noqa: ARG002
        black = np.zeros((8, 8, 3), "uint8")
        return [SimpleNamespace(image=black) for _ in prompts]


class Run:
    def log_curves(self, rows):
        pass

    def log_picture(self, key, image, step):
        pass


def test_what_was_not_measured_at_a_step_is_no_zero_in_a_plot(tmp_path):
    report = Journal(tmp_path, Painter(), [["a bird"]], Run()).observing(None)
    report.on_row({"step": 20, "loss": 2.0})
    report.on_row({"step": 40, "loss": 1.0})
    report.on_row({"step": 40, "validation_loss": 3.0})
    report.on_validation(40)
    text = (tmp_path / "curves.csv").read_text()
    table = pd.read_csv(tmp_path / "curves.csv")

    assert text == "step,loss,validation_loss\n20,2.0,NaN\n40,1.0,3.0\n"
    assert table["validation_loss"].isna().tolist() == [True, False]
