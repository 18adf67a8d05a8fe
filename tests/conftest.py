"""A whole model with tiny networks, for every test that needs one."""

import dataclasses
import signal
from pathlib import Path

import pytest

from llmvis import config, environment

PARAMS = Path(__file__).parents[1] / "params.yaml"
CAPTIONS = ("a blue bird standing on a red flower", "一只蓝色的小鸟站在红色的花朵上")


def pytest_configure():
    """Lets the processes that tests start be interrupted, and keeps what is compiled.

    A shell starts what runs in the background with Ctrl-C ignored, and that is
    inherited. Many tests compile the same tiny networks.
    """
    environment.prepare()
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def sampling():
    """How pictures are drawn by default."""
    return config.read(PARAMS).sampling


@pytest.fixture(scope="session")
def tiny_model_folder(tmp_path_factory):
    """A saved TextToImage that draws 32 x 32 pixels of noise that heeds the prompt."""
    import keras
    import numpy as np

    from llmvis.prompts.text_tokenizer import TextTokenizer
    from llmvis.text_to_image import TextToImage
    from llmvis.training.build import build_generator, build_sketch_tokenizer

    params = config.read(PARAMS)
    sizes = {"hidden_dim": 16, "num_layers": 1}
    small = {"num_levels": 3, **sizes}
    tokenize = dataclasses.replace(params.tokenize, **small)
    train = dataclasses.replace(params.train, num_heads=2, **sizes)
    keras.utils.set_random_seed(0)
    words = TextTokenizer.train(CAPTIONS, tokenize.max_caption_tokens)
    image_tokenizer = build_sketch_tokenizer(tokenize, image_size=32)
    generator = build_generator(train, words, image_tokenizer)
    rng = np.random.default_rng(0)
    for weight in generator.trainable_variables:  # some are zero before training
        weight.assign_add(rng.normal(0, 0.1, weight.shape))
    folder = tmp_path_factory.mktemp("tiny") / "model"
    about = {"text_tokenizer": words.fingerprint}
    TextToImage(words, generator, image_tokenizer, about).save(folder)
    return folder
