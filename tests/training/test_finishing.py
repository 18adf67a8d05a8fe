"""What finishing learns from the training pictures."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from llmvis import config, storage
from llmvis.datasets import scenes
from llmvis.errors import ConfigError
from llmvis.finishing.histograms import channel_histograms
from llmvis.finishing.resizing import enlarge, reduce
from llmvis.training.finishing import fit_super_resolution, make_finisher

PARAMS = config.read(Path(__file__).parents[2] / "params.yaml")


def asking(**changes):
    return dataclasses.replace(PARAMS.finishing, **changes)


@pytest.fixture(scope="module")
def examples(tmp_path_factory):
    ingest = dataclasses.replace(
        PARAMS.ingest, image_size=32, num_train_scenes=40, num_test_scenes=2
    )
    folder = tmp_path_factory.mktemp("data") / "examples"
    with storage.staged(folder) as staging, storage.ExamplesWriter(staging) as writer:
        for item in scenes.list_items(ingest):
            writer.add(scenes.read_item(item, ingest))
    return folder


@pytest.fixture(scope="module")
def pixels(examples, tmp_path_factory):
    return storage.unpack_images(examples, "train", tmp_path_factory.mktemp("p") / "p")


def error(pictures, others):
    return np.square(pictures.astype(float) - others).mean()


def test_pictures_are_read_only_where_they_are_needed(tmp_path):
    asked = asking(sharpen=1.0)

    assert make_finisher(asked, tmp_path, tmp_path, print, seed=0).config == asked


def test_the_histograms_are_those_of_the_training_pictures(examples, pixels, tmp_path):
    finisher = make_finisher(
        asking(color="histogram"), examples, tmp_path, print, seed=0
    )
    finished = finisher.finish(pixels[:1], ["a bird"])
    wanted = channel_histograms(pixels)

    # The darkest and the brightest values are those that the set has.
    assert finished.min() >= np.flatnonzero(wanted.sum(axis=0)).min()
    assert error(finished, pixels[:1]) > 0


def test_the_palettes_are_those_of_words_in_the_captions(examples, pixels, tmp_path):
    finisher = make_finisher(asking(color="prompt"), examples, tmp_path, print, seed=0)
    plain = np.array(pixels[:1])

    assert error(finisher.finish(plain, ["a red thing"]), plain) > 0
    assert np.array_equal(finisher.finish(plain, ["a xylophone"]), plain)


def test_a_learned_upsampler_is_nearer_to_the_truth_than_interpolation(pixels):
    small = reduce(np.array(pixels), 2)
    losses = []
    network = fit_super_resolution(
        asking(upsample=2, upsampler="learned", num_steps=200),
        pixels,
        lambda _step, loss: losses.append(loss),
        seed=0,
    )

    assert len(losses) == 200
    assert error(network.enlarge(small), pixels) < 0.95 * error(
        enlarge(small, 2), pixels
    )


def test_pictures_that_cannot_be_made_smaller_are_named():
    with pytest.raises(ConfigError, match=r"upsample is 4.*18 pixels.*Try 2"):
        fit_super_resolution(
            asking(upsample=4, upsampler="learned"),
            np.zeros((4, 18, 18, 3), np.uint8),
            print,
            seed=0,
        )
