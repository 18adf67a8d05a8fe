"""Image tokenizers fitted to pictures."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from llmvis import config
from llmvis.errors import DivergedError
from llmvis.training import curve, image_tokens
from llmvis.training.curve import CURVE, Curve, read_curve
from llmvis.training.image_tokens import fit_image_tokenizer
from tests.image_tokenizers.conftest import drawn as drawn

PARAMS = dataclasses.replace(
    config.read(Path(__file__).parents[2] / "params.yaml").tokenize,
    hidden_dim=16,
    num_cutouts=2,
    num_steps=6,
    batch_size=8,
)
SKETCH = dataclasses.replace(PARAMS, image_tokenizer="sketch", num_layers=1)


@pytest.fixture(autouse=True)
def often(monkeypatch):
    monkeypatch.setattr(image_tokens, "_KEEP_EVERY", 2)
    monkeypatch.setattr(curve, "_ROW_EVERY", 2)


def fitted(pixels, folder, losses, *, stop_after=None, settings=PARAMS):
    def on_step(step, loss):
        losses[step] = loss
        if step == stop_after:
            raise KeyboardInterrupt

    return fit_image_tokenizer(
        settings, pixels, on_step, lambda _: None, folder=folder, origin="drawn"
    )


def test_one_that_was_cut_off_goes_on_to_the_same_weights_and_curve(drawn, tmp_path):
    whole, (first, second) = {}, ({}, {})
    expected = fitted(drawn[0], tmp_path / "whole", whole)
    with pytest.raises(KeyboardInterrupt):
        fitted(drawn[0], tmp_path / "cut", first, stop_after=5)
    again = fitted(drawn[0], tmp_path / "cut", second)

    assert min(second) == 5  # the last checkpoint was made at step 4
    assert {**first, **second} == whole
    for weight, same in zip(expected.weights, again.weights, strict=True):
        assert np.array_equal(weight, same), weight.path
    curves = [(tmp_path / of / CURVE).read_text() for of in ("whole", "cut")]
    assert curves[0] == curves[1]


def test_the_curve_has_the_mean_loss_between_two_points(tmp_path):
    losses = Curve(tmp_path)
    for step in range(1, 6):
        losses.add(step, float(step))
    losses.write()

    assert read_curve(tmp_path) == [{"step": 2, "loss": 1.5}, {"step": 4, "loss": 3.5}]


def test_points_after_the_checkpoint_are_drawn_anew(tmp_path):
    for first in (1, 3):
        losses = Curve(tmp_path)
        for step in range(first, 7):
            losses.add(step, float(step * first))
        losses.write()

    assert [row["loss"] for row in read_curve(tmp_path)] == [1.5, 10.5, 16.5]


def test_a_checkpoint_of_other_params_is_not_taken_up(drawn, tmp_path):
    losses = {}
    with pytest.raises(KeyboardInterrupt):
        fitted(drawn[0], tmp_path, {}, stop_after=5, settings=SKETCH)
    fitted(drawn[0], tmp_path, losses, settings=dataclasses.replace(SKETCH, seed=1))

    assert min(losses) == 1


def test_a_loss_that_is_no_number_names_the_params_to_lower(drawn, tmp_path):
    wild = dataclasses.replace(SKETCH, learning_rate=1e30, adam_learning_rate=1e30)

    with pytest.raises(DivergedError, match=r"image tokenizer.*tokenize\.learning_"):
        fitted(drawn[0], tmp_path, {}, settings=wild)
