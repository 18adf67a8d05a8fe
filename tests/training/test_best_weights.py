"""What is kept of a training that does not end well."""

import os
import shlex
import signal

import numpy as np
import pytest

from llmvis.errors import DivergedError
from llmvis.text_to_image import TextToImage
from llmvis.training import best_weights
from llmvis.training.best_weights import BestWeights


@pytest.fixture
def model(tiny_model_folder):
    return TextToImage.load(tiny_model_folder)


def shift(model, by):
    for weight in model.generator.trainable_variables:
        weight.assign_add(np.full(weight.shape, by))


def weights(model):
    return [np.asarray(w) for w in model.generator.trainable_variables]


def same(some, others):
    return all(np.array_equal(a, b) for a, b in zip(some, others, strict=True))


def test_the_weights_of_the_lowest_loss_are_a_model_that_loads(model, tmp_path):
    best = BestWeights(tmp_path, model)
    best.look(1000, 0.5)
    shift(model, 0.1)
    best.look(2000, 0.4)
    lowest = weights(model)
    shift(model, 0.1)
    best.look(3000, 0.45)
    best.look(4000, float("nan"))
    kept = TextToImage.load(tmp_path / best_weights.FOLDER)

    assert same(weights(kept), lowest)
    assert kept.about == {**model.about, "validation": {"step": 2000, "loss": 0.4}}


def test_a_resumed_training_keeps_what_did_better_before(model, tmp_path):
    BestWeights(tmp_path, model).look(1000, 0.4)
    before = weights(model)
    shift(model, 0.1)
    BestWeights(tmp_path, model).look(2000, 0.5)

    assert same(weights(TextToImage.load(tmp_path / best_weights.FOLDER)), before)


def test_of_families_that_compete_the_last_weights_are_kept(model, tmp_path):
    model.generator.competes = True
    best = BestWeights(tmp_path, model)
    best.look(1000, 0.4)
    shift(model, 0.1)
    best.look(2000, 0.5)

    kept = TextToImage.load(tmp_path / best_weights.FOLDER)
    assert same(weights(kept), weights(model))


def test_a_training_that_diverges_says_what_draws_with_the_best_weights(
    model, tmp_path
):
    BestWeights(tmp_path, model).look(1000, 0.4)

    with (
        pytest.raises(DivergedError, match=r"nan\. The best.*1,000.*0\.400") as caught,
        best_weights.telling(tmp_path, print),
    ):
        raise DivergedError("The loss became nan.")
    command = shlex.split(str(caught.value).partition("Draw with it: ")[2])
    assert command[:2] == ["llmvis", "generate"]
    assert command[3:5] == ["--model", str(tmp_path / best_weights.FOLDER)]


def test_before_the_first_look_at_held_out_pictures_nothing_is_kept(tmp_path):
    with (
        pytest.raises(DivergedError, match="No weights are kept"),
        best_weights.telling(tmp_path, print),
    ):
        raise DivergedError("The loss became nan.")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_training_that_is_stopped_says_what_is_kept(model, tmp_path, number):
    BestWeights(tmp_path, model).look(1000, 0.4)
    said, before = [], signal.getsignal(signal.SIGTERM)

    with (
        pytest.raises(KeyboardInterrupt),
        best_weights.telling(tmp_path, said.append),
    ):
        os.kill(os.getpid(), number)
    assert "stopped. The best weights so far are kept" in said[0]
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_training_that_is_done_has_no_use_for_them(model, tmp_path):
    BestWeights(tmp_path, model).look(1000, 0.4)
    best_weights.remove(tmp_path)

    assert list(tmp_path.iterdir()) == []
