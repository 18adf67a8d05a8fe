import json
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest

from llmvis.training.alarms import alarms
from llmvis.training.journal import Journal


class Painter:
    """Reads every prompt and draws black."""

    text_tokenizer = SimpleNamespace(encode=list)
    generator = SimpleNamespace(competes=False)
    about: ClassVar[dict] = {}

    def generate(self, prompts, seeds, sampling):  # noqa: ARG002
        black = np.zeros((8, 8, 3), "uint8")
        return [SimpleNamespace(image=black) for _ in prompts]

    def save(self, folder):
        folder.mkdir(exist_ok=True)
        (folder / "model.json").write_text(json.dumps(self.about))


def figures(own, other):
    return {"validation_loss": own, "validation_loss_other_prompt": other}


class Run:
    def log_curves(self, rows):
        pass

    def log_picture(self, key, image, step):
        pass


@pytest.fixture
def said():
    return []


@pytest.fixture
def report(tmp_path, said):
    journal = Journal(tmp_path, Painter(), [["a bird"]], Run(), said.append)
    return journal.observing(None)


def test_what_was_not_measured_at_a_step_is_no_zero_in_a_plot(report, tmp_path):
    report.on_row({"step": 20, "loss": 2.0})
    report.on_row({"step": 40, "loss": 1.0})
    report.on_row({"step": 40, **figures(3.0, 4.0)})
    report.on_validation(40)
    text = (tmp_path / "curves.csv").read_text()
    table = pd.read_csv(tmp_path / "curves.csv")

    assert text.splitlines()[1:] == ["20,2.0,NaN,NaN", "40,1.0,3.0,4.0"]
    assert table["validation_loss"].isna().tolist() == [True, False]


def curve(*looks):
    return [
        {"step": 1000.0 * i, "loss": 1.0, **figures(own, other)}
        for i, (own, other) in enumerate(looks, start=1)
    ]


def test_a_model_that_learns_and_heeds_its_prompts_alarms_nobody():
    assert alarms(curve((0.5, 0.6), (0.4, 0.6), (0.41, 0.7))) == {}


def test_a_rising_loss_on_held_out_pictures_names_the_step_before_it_rose():
    found = alarms(curve((0.5, 0.6), (0.4, 0.6), (0.6, 0.8)))

    assert found.keys() == {"by_heart"}
    assert "was 0.400 after 2,000 steps and is 0.600 after 3,000" in found["by_heart"]


def test_a_loss_that_rises_on_training_pictures_too_is_not_learnt_by_heart():
    rows = curve((0.5, 0.6), (0.4, 0.6), (0.6, 0.8))
    rows[-1]["loss"] = 1.5

    assert alarms(rows).keys() == {"diverges"}


def test_prompts_of_others_that_do_no_harm_are_told_of_from_the_second_look_on():
    looks = curve((0.5, 0.501), (0.4, 0.402))

    assert alarms(looks[:1]) == {}
    assert "0.400 with their own prompts, 0.402" in alarms(looks)["prompt_ignored"]


def test_points_without_a_look_and_unmeasured_ones_are_passed_over():
    rows = [{"step": 20.0, "loss": 1.0}, {"step": 40.0, **figures(np.nan, np.nan)}]

    assert alarms(rows * 3) == {}


def test_an_alarm_is_said_once_and_kept_while_it_holds(report, said, tmp_path):
    kept = []
    for row in curve((0.4, 0.6), (0.6, 0.8), (0.7, 0.9), (0.4, 0.6)):
        report.on_row(row)
        report.on_validation(int(row["step"]))
        kept.append(json.loads((tmp_path / "alarms.json").read_text()))

    assert [len(sentences) for sentences in kept] == [0, 1, 1, 0]
    assert said == kept[1]
