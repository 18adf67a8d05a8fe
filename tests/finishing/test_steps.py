"""What every step has to do, whatever it is."""

from functools import partial

import keras
import numpy as np
import pytest

from llmvis.finishing.contrast import raise_contrast
from llmvis.finishing.denoising import denoise
from llmvis.finishing.histograms import match_histograms
from llmvis.finishing.palettes import move_colors
from llmvis.finishing.resizing import enlarge
from llmvis.finishing.sharpening import sharpen
from llmvis.finishing.super_resolution import SuperResolution
from llmvis.finishing.white_balance import balance_white


def learned():
    keras.utils.set_random_seed(0)
    network = SuperResolution(2, hidden_dim=4, num_layers=1)
    network.build({})
    rng = np.random.default_rng(0)
    for weight in network.trainable_variables:  # some are zero before training
        weight.assign_add(rng.normal(0, 0.3, weight.shape))
    return network.enlarge


def moved(images):
    palettes = {"blue": np.array([[50.0, 10.0, -40.0], [12.0, 5.0, 5.0]])}
    return move_colors(images, ["a blue bird"] * len(images), palettes)


STEPS = {
    "contrast": lambda: partial(raise_contrast, clip_limit=0.01),
    "prompt": lambda: moved,
    "denoise": lambda: partial(denoise, strength=0.1),
    "sharpen": lambda: partial(sharpen, amount=1.0),
    "white_balance": lambda: balance_white,
    "histogram": lambda: partial(
        match_histograms, histograms=np.full((3, 256), 1 / 256)
    ),
    "lanczos_2": lambda: partial(enlarge, factor=2),
    "lanczos_4": lambda: partial(enlarge, factor=4),
    "learned": learned,
}
FACTORS = {"lanczos_2": 2, "lanczos_4": 4, "learned": 2}


@pytest.fixture(params=sorted(STEPS))
def step(request):
    return STEPS[request.param]()


@pytest.fixture
def factor(request):
    return FACTORS.get(request.node.callspec.params["step"], 1)


def noise(number=3):
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (number, 16, 16, 3), np.uint8)


def test_pictures_stay_pictures(step, factor):
    finished = step(noise())

    assert finished.shape == (3, 16 * factor, 16 * factor, 3)
    assert finished.dtype == np.uint8


def test_the_same_picture_is_finished_the_same(step):
    assert np.array_equal(step(noise()), step(noise()))


def test_a_picture_does_not_depend_on_those_beside_it(step):
    assert np.array_equal(step(noise())[2:], step(noise()[2:]))


def test_the_pictures_given_are_left_as_they_are(step):
    images = noise()
    step(images)

    assert np.array_equal(images, noise())


@pytest.mark.parametrize("color", [(0, 0, 0), (255, 255, 255), (200, 30, 90)])
def test_a_picture_of_one_colour_stays_one(step, color):
    finished = step(np.full((1, 16, 16, 3), color, np.uint8))

    assert np.ptp(finished.reshape(-1, 3), axis=0).max() == 0
