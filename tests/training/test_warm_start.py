"""A training that begins with the weights of an earlier model."""

import dataclasses
from pathlib import Path

import keras
import numpy as np
import pytest

from llmvis import config
from llmvis.errors import ConfigError, MismatchError
from llmvis.prompts.text_tokenizer import TextTokenizer
from llmvis.records import Tokens
from llmvis.text_to_image import TextToImage
from llmvis.training import warm_start
from llmvis.training.build import build_generator, build_sketch_tokenizer
from llmvis.training.generators import Report, TrainingSet, fit_generator
from llmvis.training.image_tokens import earlier_image_tokenizer

PARAMS = config.read(Path(__file__).parents[2] / "params.yaml")
TOKENIZE = dataclasses.replace(
    PARAMS.tokenize,
    image_tokenizer="sketch",
    num_levels=3,
    hidden_dim=16,
    num_layers=1,
)
TRAIN = dataclasses.replace(
    PARAMS.train,
    hidden_dim=16,
    num_layers=1,
    num_heads=2,
    batch_size=8,
    num_steps=60,
    validate_every=20,
    length_weight=0.0,
)
COLORS = ("red", "blue", "green", "black")
CAPTIONS = [f"a {color} bird" for color in COLORS]


def model(captions, seed=0, tokenizer_seed=0, **changes):
    """An untrained model of 32 x 32 pixels with the words of some captions."""
    keras.utils.set_random_seed(tokenizer_seed)
    image_tokenizer = build_sketch_tokenizer(TOKENIZE, image_size=32)
    keras.utils.set_random_seed(seed)
    words = TextTokenizer.train(captions, 12)
    train = dataclasses.replace(TRAIN, **changes)
    generator = build_generator(train, words, image_tokenizer)
    about = {"text_tokenizer": words.fingerprint}
    return TextToImage(words, generator, image_tokenizer, about)


def stored(made, folder):
    made.save(folder)
    return TextToImage.load(folder)


def data(made, captions):
    """Pictures of one value each, which the caption tells."""
    ids = made.text_tokenizer.encode(captions * 4)
    shape = (*made.image_tokenizer.grid, made.image_tokenizer.num_digits)
    values = np.arange(len(ids)) % len(captions) % 3
    codes = np.broadcast_to(values[:, None, None, None], (len(ids), *shape))
    tokens = Tokens(
        codes=codes.astype("int32"), token_ids=ids, starts=np.arange(len(ids) + 1)
    )
    lengths = np.full(len(ids), int(np.prod(shape[:2])))
    return TrainingSet(
        train=tokens,
        validation=tokens,
        train_lengths=lengths,
        validation_lengths=lengths,
        train_pixels=None,
        validation_pixels=None,
        null_ids=made.text_tokenizer.empty_caption(),
        origin="tokens",
    )


def losses(made, captions, folder, stop_after=None):
    """Validation losses by step."""
    rows = []

    def on_step(step, _loss):
        if step == stop_after:
            raise KeyboardInterrupt

    report = Report(on_step=on_step, on_row=rows.append, on_validation=lambda _: None)
    fit_generator(made.generator, TRAIN, data(made, captions), report, folder)
    named = "validation_loss"
    return {row["step"]: row[named] for row in rows if named in row}


def words_of(made, words):
    ids = [made.text_tokenizer.vocabulary[word] for word in words]
    return np.asarray(made.generator.text_encoder._words.embeddings)[ids]


@pytest.fixture(scope="module")
def earlier(tmp_path_factory):
    """A trained model, its losses on the way, and where it was saved."""
    folder = tmp_path_factory.mktemp("earlier")
    made = model(CAPTIONS)
    return losses(made, CAPTIONS, folder), stored(made, folder / "model")


def test_the_first_losses_are_far_lower_than_from_scratch_also_with_new_words(
    earlier, tmp_path
):
    from_scratch, known = earlier
    captions = [f"some {color} bird" for color in ("aqua", *COLORS[1:])]
    warm = model(captions, seed=1)
    said = warm_start.take_over(warm, known, "llmvis 3")

    assert losses(warm, captions, tmp_path)[20] < 0.5 * from_scratch[20]
    assert "Starts from llmvis 3" in said


@pytest.mark.slow
def test_a_training_that_was_cut_off_goes_on_as_if_nothing_had_happened(
    earlier, tmp_path
):
    def warm():
        made = model(CAPTIONS, seed=1)
        warm_start.take_over(made, earlier[1], "llmvis 3")
        return made

    whole = losses(warm(), CAPTIONS, tmp_path)
    with pytest.raises(KeyboardInterrupt):
        losses(warm(), CAPTIONS, tmp_path, stop_after=50)
    rest = losses(warm(), CAPTIONS, tmp_path)

    assert rest == {60: whole[60]}


def test_words_keep_their_vectors_though_they_have_other_numbers(earlier):
    _, known = earlier
    other = model(["aqua", *CAPTIONS], seed=1)
    fresh = words_of(other, ["aqua"]).copy()
    warm_start.take_over(other, known, "llmvis 3")
    ids = [made.text_tokenizer.vocabulary["red"] for made in (other, known)]

    assert ids[0] != ids[1]
    assert np.array_equal(words_of(other, COLORS), words_of(known, COLORS))
    assert np.array_equal(words_of(other, ["aqua"]), fresh)


def test_a_block_more_keeps_the_others(earlier):
    _, known = earlier
    deeper = model(CAPTIONS, seed=1, num_layers=2)
    said = warm_start.take_over(deeper, known, "llmvis 3")
    total = len(deeper.generator.trainable_variables)

    assert f"{len(known.generator.trainable_variables)} of {total} weights fit" in said


@pytest.mark.parametrize("generator", ["masked", "gan", "vae", "regression"])
def test_every_weight_of_every_family_is_taken_over(generator, tmp_path):
    made = model(CAPTIONS, generator=generator)
    known = stored(made, tmp_path / "model")
    other = model(CAPTIONS, seed=1, generator=generator)
    warm_start.take_over(other, known, "llmvis 3")

    for ours, theirs in zip(
        other.generator.trainable_variables,
        made.generator.trainable_variables,
        strict=True,
    ):
        assert np.array_equal(ours, theirs), ours.path


def test_codes_of_another_image_tokenizer_are_refused_with_what_to_do(earlier):
    other = model(CAPTIONS, tokenizer_seed=1)
    with pytest.raises(
        MismatchError, match=r"codes of another.*llmvis 3 draws.*llmvis tokenize"
    ):
        warm_start.take_over(other, earlier[1], "llmvis 3")


def test_a_model_of_other_sizes_is_refused_with_its_own(earlier):
    with pytest.raises(ConfigError, match=r"autoregressive with text states of 16"):
        warm_start.take_over(model(CAPTIONS, hidden_dim=24), earlier[1], "llmvis 3")


def test_an_earlier_image_tokenizer_reads_pictures_of_its_family_and_size(
    earlier, tmp_path
):
    path = tmp_path / "image_tokenizer.keras"
    earlier[1].image_tokenizer.save(path)
    again = earlier_image_tokenizer(TOKENIZE, path, 32, "llmvis 3")
    pixels = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), np.uint8)

    assert np.array_equal(
        again.encode(pixels), earlier[1].image_tokenizer.encode(pixels)
    )
    with pytest.raises(MismatchError, match=r"64 pixels.*llmvis 3.*reads 32"):
        earlier_image_tokenizer(TOKENIZE, path, 64, "llmvis 3")
    layers = dataclasses.replace(TOKENIZE, image_tokenizer="layers")
    with pytest.raises(ConfigError, match=r"is layers, and that of llmvis 3.*sketch"):
        earlier_image_tokenizer(layers, path, 32, "llmvis 3")


@pytest.mark.parametrize("value", ["previous", 0])
def test_what_is_no_version_is_refused(value):
    with pytest.raises(ConfigError, match=r"train\.start_from is"):
        dataclasses.replace(PARAMS.train, start_from=value)
