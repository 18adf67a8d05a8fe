"""Networks to a model, with and without something to finish."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from flows import overlay
from flows.finish import MODEL, NETWORKS, finish
from llmvis import storage
from llmvis.errors import MissingStage
from llmvis.text_to_image import TextToImage

PARAMS = Path(__file__).parents[2] / "params.yaml"


@pytest.fixture
def networks(tmp_path, monkeypatch, tiny_model_folder):
    """What `train` wrote, in a project of its own."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(PARAMS, tmp_path)
    shutil.copytree(tiny_model_folder, NETWORKS)
    return NETWORKS


def test_where_finishing_is_off_the_model_is_the_networks(networks):
    finish()

    assert storage.fingerprint(MODEL) == storage.fingerprint(networks)
    assert TextToImage.load(MODEL).finisher is None


def test_the_networks_stay_as_they_are_and_the_model_finishes(networks):
    before = storage.fingerprint(networks)
    overlay.keep({"finishing": {"upsample": 2}})
    finish()
    plain, model = TextToImage.load(networks), TextToImage.load(MODEL)

    assert storage.fingerprint(networks) == before
    assert (plain.picture_size, model.picture_size) == (32, 64)
    for one, other in zip(
        plain.generator.get_weights(), model.generator.get_weights(), strict=True
    ):
        assert np.array_equal(one, other)


def test_finishing_that_is_turned_off_leaves_nothing_behind(networks):
    overlay.keep({"finishing": {"sharpen": 1.0}})
    finish()
    overlay.keep({"finishing": {"sharpen": 0.0}})
    finish()

    assert storage.fingerprint(MODEL) == storage.fingerprint(networks)


def test_networks_that_are_not_there_are_asked_for(networks):
    shutil.rmtree(networks)

    with pytest.raises(MissingStage, match="run `llmvis train` first"):
        finish()
