"""What a report says of finishing."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from llmvis import config
from llmvis.evaluation import evaluate, report
from llmvis.finishing.finisher import Finisher

PARAMS = config.read(Path(__file__).parents[2] / "params.yaml")


class Enlarging:
    """A model beside another one, whose pictures it gives out twice as large, sharp."""

    picture_size = 128

    def __init__(self, model):
        self._model = model
        asked = dataclasses.replace(PARAMS.finishing, upsample=2, sharpen=1.0)
        self.finisher = Finisher(asked)

    def __getattr__(self, name):
        return getattr(self._model, name)

    def generate(self, prompts, seeds, sampling):
        samples = self._model.generate(prompts, seeds, sampling)
        images = np.stack([sample.image for sample in samples])
        images = self.finisher.finish(images, prompts)
        return [
            dataclasses.replace(sample, image=image)
            for sample, image in zip(samples, images, strict=True)
        ]

    def unfinished(self):
        return self._model


def silent(*_):
    pass


@pytest.fixture(scope="module")
def params(evaluate_config, sampling):
    return dataclasses.replace(PARAMS, evaluate=evaluate_config, sampling=sampling)


@pytest.fixture(scope="module")
def findings(always_right, oracle, examples, params):
    return evaluate(Enlarging(always_right), oracle, examples, params, silent)


def test_the_report_shows_finished_pictures(findings):
    assert findings.images.shape[1:] == (128, 128, 3)


def test_the_same_codes_are_judged_unfinished_too(findings):
    scores = findings.metrics["finishing"]["unfinished"]

    # This judge knows only the very pictures, and an enlarged one is another.
    assert scores["test_seen"]["en"]["all_correct"].value == 1.0


def test_real_pictures_are_compared_with_themselves_after_each_step(findings):
    steps = findings.metrics["finishing"]["steps"]

    assert list(steps) == ["upsample", "sharpen"]
    assert 30 < steps["upsample"]["psnr"].value < 60
    assert steps["sharpen"]["psnr"].value < steps["upsample"]["psnr"].value
    assert 0.9 < steps["upsample"]["ssim"].value <= 1


def test_the_last_step_has_the_scores_of_the_report(findings):
    last = findings.metrics["finishing"]["steps"]["sharpen"]["alignment"]

    assert last == findings.metrics["alignment"]


def test_the_page_has_figures_and_pictures_of_each_step(findings, tmp_path):
    facts = {"model": "painter", "data set": "scenes"}
    report.write(findings, tmp_path, tmp_path, facts)
    page = (tmp_path / "index.html").read_text("utf-8")

    assert [(name, p.shape[1:]) for name, p in findings.finishing] == [
        ("unfinished", (64, 64, 3)),
        ("upsample", (128, 128, 3)),
        ("sharpen", (128, 128, 3)),
    ]
    assert ">Finishing</h3>" in page
    assert "After upsample" in page
    assert "Drawn picture 1: After sharpen" in page


def test_a_model_that_finishes_nothing_has_no_such_row(
    always_right, oracle, examples, params
):
    found = evaluate(always_right, oracle, examples, params, silent)

    assert "finishing" not in found.metrics
    assert found.finishing == []
