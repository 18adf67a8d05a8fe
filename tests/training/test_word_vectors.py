import dataclasses
from pathlib import Path

import keras
import numpy as np
import pytest

from llmvis import config
from llmvis.errors import ConfigError
from llmvis.prompts.text_tokenizer import TextTokenizer
from llmvis.text_to_image import TextToImage
from llmvis.training.build import build_generator, build_sketch_tokenizer
from llmvis.training.word_vectors import start_from_word_vectors

PARAMS = config.read(Path(__file__).parents[2] / "params.yaml")


@pytest.fixture
def vectors(tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_text("bird 10 1 2\nblue 12 3 4\nzebra 9 9 9\n")
    return str(path)


def model(vectors):
    sizes = {"hidden_dim": 16, "num_layers": 1}
    train = dataclasses.replace(
        PARAMS.train,
        **sizes,
        num_heads=2,
        text_encoder="word_embedding",
        word_vectors=vectors,
    )
    tokenize = dataclasses.replace(PARAMS.tokenize, num_levels=3, **sizes)
    keras.utils.set_random_seed(0)
    words = TextTokenizer.train(["a blue bird"], 12)
    image_tokenizer = build_sketch_tokenizer(tokenize, image_size=32)
    generator = build_generator(train, words, image_tokenizer)
    return TextToImage(words, generator, image_tokenizer, about={})


def test_words_that_are_known_get_their_vectors(vectors):
    made = model(vectors)
    said = start_from_word_vectors(made, vectors, seed=0)
    ids = made.text_tokenizer.vocabulary
    table = np.asarray(made.generator.text_encoder.words.embeddings)

    assert table[ids["bird"]].tolist() == [10, 1, 2]
    assert table[ids["blue"]].tolist() == [12, 3, 4]
    assert f"knows 2 of the {len(ids)} words" in said


def test_the_others_are_spread_like_those_that_are_known(vectors):
    made = model(vectors)
    start_from_word_vectors(made, vectors, seed=0)
    ids = made.text_tokenizer.vocabulary
    table = np.asarray(made.generator.text_encoder.words.embeddings)
    others = np.delete(table, [ids["bird"], ids["blue"]], axis=0)

    np.testing.assert_allclose(others.mean(axis=0), [11, 2, 3], atol=1)
    np.testing.assert_allclose(others.std(axis=0), 1, atol=0.5)


def test_word_vectors_for_another_text_encoder_are_refused():
    with pytest.raises(
        ConfigError, match=r"word_vectors.*text_encoder.*word_embedding"
    ):
        dataclasses.replace(PARAMS.train, word_vectors="glove.txt")
