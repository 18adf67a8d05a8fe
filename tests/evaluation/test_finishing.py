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
    """A model beside another one, whose pictures it gives out twice as large."""

    picture_size = 128

    def __init__(self, model):
        self._model = model
        self.finisher = Finisher(dataclasses.replace(PARAMS.finishing, upsample=2))

    def __getattr__(self, name):
        return getattr(self._model, name)

    def generate(self, prompts, seeds, sampling):
        samples = self._model.generate(prompts, seeds, sampling)
        images = self.finish(np.stack([sample.image for sample in samples]))
        return [
            dataclasses.replace(sample, image=image)
            for sample, image in zip(samples, images, strict=True)
        ]

    def finish(self, images):
        return self.finisher.finish(images)

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


def test_real_pictures_are_compared_with_their_finished_selves(findings):
    figures = findings.metrics["finishing"]

    assert 30 < figures["psnr"].value < 60
    assert 0.9 < figures["ssim"].value <= 1


def test_the_page_has_both(findings, tmp_path):
    facts = {"model": "painter", "data set": "scenes"}
    report.write(findings, tmp_path, tmp_path, facts)

    assert ">Finishing</h3>" in (tmp_path / "index.html").read_text("utf-8")


def test_a_model_that_finishes_nothing_has_no_such_row(
    always_right, oracle, examples, params
):
    found = evaluate(always_right, oracle, examples, params, silent)

    assert "finishing" not in found.metrics
