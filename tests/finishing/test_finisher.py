"""All steps together, and a model that has them."""

import dataclasses
import json
from pathlib import Path

import keras
import numpy as np
import pytest

from llmvis import config
from llmvis.config import SamplingConfig
from llmvis.errors import ConfigError
from llmvis.finishing.finisher import Finisher
from llmvis.finishing.super_resolution import SuperResolution
from llmvis.text_to_image import TextToImage

PARAMS = config.read(Path(__file__).parents[2] / "params.yaml")
PLAIN = SamplingConfig(
    guidance_scale=1.0,
    temperature=1.0,
    top_k=0,
    num_steps=4,
    top_p=1.0,
    num_candidates=1,
)
PROMPTS = ["a blue bird", "一只蓝色的小鸟"]


def asking(**changes):
    return dataclasses.replace(PARAMS.finishing, **changes)


@pytest.fixture(scope="module")
def model(tiny_model_folder):
    return TextToImage.load(tiny_model_folder)


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).integers(0, 256, (2, 16, 16, 3), np.uint8)


@pytest.fixture(scope="module")
def everything():
    network = SuperResolution(2, hidden_dim=4, num_layers=1)
    network.build({})
    asked = asking(
        upsample=2,
        upsampler="learned",
        denoise=0.05,
        contrast=0.01,
        sharpen=1.0,
        color="histogram",
    )
    histograms = np.full((3, 256), 1 / 256)
    return Finisher(asked, histograms=histograms, network=network)


def drawn(model):
    return np.stack([sample.image for sample in model.generate(PROMPTS, 7, PLAIN)])


def test_nothing_is_on_by_default():
    assert not PARAMS.finishing.is_on


@pytest.mark.parametrize(
    "changes",
    [
        {"upsample": 2},
        {"denoise": 0.1},
        {"contrast": 0.01},
        {"sharpen": 1.0},
        {"color": "white_balance"},
    ],
)
def test_any_one_value_turns_finishing_on(changes):
    assert asking(**changes).is_on


def test_a_learned_upsampler_without_upsampling_is_off():
    assert not asking(upsampler="learned").is_on


def test_a_finisher_with_nothing_to_do_gives_the_pictures_back(images):
    assert np.array_equal(Finisher(asking()).finish(images, PROMPTS), images)


def test_a_saved_finisher_finishes_the_same(everything, images, tmp_path):
    everything.save(tmp_path)

    assert np.array_equal(
        Finisher.load(tmp_path).finish(images, PROMPTS),
        everything.finish(images, PROMPTS),
    )


def test_pictures_are_sharpened_at_the_size_that_is_given_out(images):
    enlarged = Finisher(asking(upsample=2)).finish(images, PROMPTS)

    assert np.array_equal(
        Finisher(asking(upsample=2, sharpen=1.0)).finish(images, PROMPTS),
        Finisher(asking(sharpen=1.0)).finish(enlarged, PROMPTS),
    )


def test_the_pictures_after_the_last_step_are_the_finished_ones(everything, images):
    names, pictures = zip(*everything.after_each_step(images, PROMPTS), strict=True)

    assert names == ("denoise", "color", "contrast", "upsample", "sharpen")
    assert np.array_equal(pictures[-1], everything.finish(images, PROMPTS))


def test_what_was_saved_before_there_was_contrast_is_read(tmp_path):
    finisher = Finisher(asking(sharpen=1.0))
    finisher.save(tmp_path)
    about = json.loads((tmp_path / "finishing.json").read_text())
    del about["config"]["contrast"]
    (tmp_path / "finishing.json").write_text(json.dumps({**about, "histograms": None}))

    assert Finisher.load(tmp_path).config == finisher.config


def test_saved_palettes_move_colours_the_same(images, tmp_path):
    palettes = {"blue": np.array([[50.0, 10.0, -40.0], [12.0, 5.0, 5.0]])}
    finisher = Finisher(asking(color="prompt"), palettes=palettes)
    finisher.save(tmp_path)
    finished = Finisher.load(tmp_path).finish(images, PROMPTS)

    assert np.array_equal(finished, finisher.finish(images, PROMPTS))
    assert not np.array_equal(finished[0], images[0])
    assert np.array_equal(finished[1], images[1])  # 蓝色 is in no palette


@pytest.mark.parametrize(
    "changes",
    [
        {"color": "histogram"},
        {"color": "prompt"},
        {"upsample": 2, "upsampler": "learned"},
    ],
)
def test_what_the_training_pictures_give_is_asked_for(changes):
    with pytest.raises(ConfigError, match="Run `llmvis finish`"):
        Finisher(asking(**changes))


def test_a_model_finishes_what_it_draws_and_says_its_size(model):
    before = drawn(model)
    finished = model.unfinished()
    finished.finisher = Finisher(asking(upsample=2, sharpen=1.0))

    assert finished.picture_size == 2 * model.image_size == 64
    assert np.array_equal(drawn(finished), finished.finisher.finish(before, PROMPTS))
    assert np.array_equal(drawn(finished.unfinished()), before)


def test_a_saved_model_keeps_its_finishing(model, everything, tmp_path):
    finished = model.unfinished()
    finished.finisher = everything
    finished.save(tmp_path / "model")

    assert np.array_equal(drawn(TextToImage.load(tmp_path / "model")), drawn(finished))


def test_a_model_without_finishing_has_no_file_of_it(tiny_model_folder, model):
    assert not (tiny_model_folder / "finishing.json").exists()
    assert model.finisher is None
    assert model.picture_size == model.image_size


def test_a_saved_network_enlarges_the_same(images, tmp_path):
    network = SuperResolution(2, hidden_dim=4, num_layers=2)
    network.build({})
    rng = np.random.default_rng(0)
    for weight in network.trainable_variables:
        weight.assign_add(rng.normal(0, 0.3, weight.shape))
    network.save(tmp_path / "network.keras")
    loaded = keras.saving.load_model(tmp_path / "network.keras", safe_mode=True)

    assert np.array_equal(loaded.enlarge(images), network.enlarge(images))
