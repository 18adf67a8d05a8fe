"""The assembled model."""

import dataclasses

import numpy as np
import pytest

from llmvis.config import SamplingConfig
from llmvis.drawing_programs import program
from llmvis.errors import (
    ConfigError,
    DrawingError,
    MismatchError,
    MissingStage,
    PromptError,
    ShapeError,
)
from llmvis.storage import read_json, write_json
from llmvis.text_to_image import TextToImage

PLAIN = SamplingConfig(
    guidance_scale=1.0,
    temperature=1.0,
    top_k=0,
    num_steps=4,
    top_p=1.0,
    num_candidates=1,
)
PROMPTS = ["a blue bird", "一只蓝色的小鸟", "a red flower"]


@pytest.fixture(scope="module")
def model(tiny_model_folder):
    return TextToImage.load(tiny_model_folder)


def with_weights_as_they_are(model):
    """A loaded model keeps drawing with the weights that were loaded."""
    networks = model.generator, model.image_tokenizer
    return TextToImage(model.text_tokenizer, *networks, model.about)


def images(samples):
    return np.stack([sample.image for sample in samples])


def test_the_same_seed_draws_the_same_picture_and_another_seed_another(model):
    first, again = (images(model.generate(PROMPTS, 7, PLAIN)) for _ in range(2))

    assert np.array_equal(first, again)
    assert not np.array_equal(first, images(model.generate(PROMPTS, 8, PLAIN)))


def test_a_picture_does_not_depend_on_the_batch_it_is_drawn_in(model):
    together = images(model.generate(PROMPTS, [1, 2, 3], PLAIN))
    alone = images(model.generate(PROMPTS[2:], [3], PLAIN))

    assert np.array_equal(together[2:], alone)


def test_a_sample_names_the_words_no_caption_had(model):
    [sample] = model.generate(["a blue zebra"], 0, PLAIN)

    assert sample.unknown_words == ("zebra",)
    assert sample.image.shape == (32, 32, 3)
    assert sample.image.dtype == np.uint8


def test_guidance_is_read_from_the_sampling(model):
    guided = dataclasses.replace(PLAIN, guidance_scale=4.0)

    assert not np.array_equal(
        images(model.generate(PROMPTS, 0, PLAIN)),
        images(model.generate(PROMPTS, 0, guided)),
    )


def test_other_values_of_an_option_need_no_other_graph(model):
    model.generate(PROMPTS, 0, dataclasses.replace(PLAIN, top_k=2, top_p=0.9))
    before = program.cache_info().misses
    for share in (0.3, 0.5, 0.7):
        model.generate(PROMPTS, 0, dataclasses.replace(PLAIN, top_p=share, num_steps=9))

    assert program.cache_info().misses == before


def test_a_model_of_the_same_make_needs_no_other_graph_and_has_its_own_weights(
    model, tiny_model_folder
):
    first = images(model.generate(PROMPTS, 0, PLAIN))
    before = program.cache_info().misses
    other = TextToImage.load(tiny_model_folder)
    assert np.array_equal(first, images(other.generate(PROMPTS, 0, PLAIN)))
    rng = np.random.default_rng(0)
    for variable in other.generator.weights:
        variable.assign(variable + rng.normal(0, 0.3, variable.shape))
    other = with_weights_as_they_are(other)

    shared = images(other.generate(PROMPTS, 0, PLAIN))
    assert program.cache_info().misses == before
    assert np.array_equal(first, images(model.generate(PROMPTS, 0, PLAIN)))

    program.cache_clear()
    assert np.array_equal(shared, images(other.generate(PROMPTS, 0, PLAIN)))
    assert not np.array_equal(shared, first)


def test_of_several_candidates_the_likeliest_is_given(model):
    several = dataclasses.replace(PLAIN, num_candidates=4)
    one = images(model.generate(PROMPTS, 0, PLAIN))
    best = images(model.generate(PROMPTS, 0, several))

    assert not np.array_equal(one, best)
    assert np.array_equal(best[2:], images(model.generate(PROMPTS[2:], 0, several)))


def test_a_family_without_a_likelihood_refuses_several_candidates(model, monkeypatch):
    monkeypatch.delattr(type(model.generator), "score")
    several = dataclasses.replace(PLAIN, num_candidates=4)

    with pytest.raises(ConfigError, match="'autoregressive' gives no likelihood"):
        model.generate(PROMPTS, 0, several)


def test_a_score_is_finite_and_below_zero(model):
    pictures = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), np.uint8)
    scores = model.score(PROMPTS, pictures)

    assert scores.shape == (3,)
    assert np.all(np.isfinite(scores) & (scores < 0))


def test_decoding_the_codes_of_a_picture_rebuilds_it(model):
    pictures = np.random.default_rng(0).integers(0, 256, (70, 32, 32, 3), np.uint8)
    rebuilt = model.reconstruct(pictures)

    assert rebuilt.shape == pictures.shape
    assert np.array_equal(rebuilt[69:], model.reconstruct(pictures[69:]))


@pytest.fixture
def spoil(model):
    """Spoils a weight of a part of the model, and mends it after the test."""
    kept = []

    def spoil_part(name):
        weight = getattr(model, name).trainable_variables[-1]
        kept.append((weight, weight.numpy()))
        weight.assign(np.full(weight.shape, np.nan))

    yield spoil_part
    for weight, value in kept:
        weight.assign(value)


@pytest.mark.parametrize("part", ["generator", "image_tokenizer"])
def test_a_model_with_nan_in_its_weights_draws_nothing(model, spoil, part):
    spoil(part)

    with pytest.raises(DrawingError, match=r"In 3 of 3 pictures .* lower train"):
        with_weights_as_they_are(model).generate(PROMPTS, 7, PLAIN)


def test_an_image_tokenizer_with_nan_in_its_weights_rebuilds_nothing(model, spoil):
    spoil("image_tokenizer")

    with pytest.raises(DrawingError, match="In 3 of 3 pictures"):
        model.reconstruct(np.zeros((3, 32, 32, 3), "uint8"))


def test_prompts_and_seeds_must_be_as_many(model):
    with pytest.raises(ShapeError, match="3 prompts and 2 seeds"):
        model.generate(PROMPTS, [1, 2], PLAIN)


def test_an_empty_prompt_is_refused(model):
    with pytest.raises(PromptError):
        model.generate([" "], 0, PLAIN)


def test_an_empty_folder_says_which_command_makes_a_model(tmp_path):
    with pytest.raises(MissingStage, match="llmvis finish"):
        TextToImage.load(tmp_path)


def test_words_of_another_model_are_refused(tiny_model_folder, tmp_path):
    TextToImage.load(tiny_model_folder).save(tmp_path / "model")
    path = tmp_path / "model" / "text_tokenizer.json"
    content = read_json(path, "train")
    write_json(path, {**content, "words": [*content["words"], "zebra"]})

    with pytest.raises(MismatchError, match="not those the model was trained on"):
        TextToImage.load(tmp_path / "model")
