"""From names and sizes in params.yaml to networks."""

from functools import partial

import numpy as np

from llmvis.errors import ConfigError
from llmvis.generators.autoregressive import AutoregressiveGenerator
from llmvis.generators.flow_matching import FlowMatchingGenerator
from llmvis.generators.gan import GanGenerator
from llmvis.generators.masked import MaskedGenerator
from llmvis.generators.regression import RegressionGenerator
from llmvis.generators.vae import VaeGenerator
from llmvis.image_tokenizers.layer_tokenizer import LayerTokenizer
from llmvis.image_tokenizers.sketch_tokenizer import SketchTokenizer
from llmvis.prompts import word_vectors
from llmvis.prompts.text_tokenizer import TextTokenizer
from llmvis.text_encoders.bag_of_words import BagOfWordsTextEncoder
from llmvis.text_encoders.recurrent import CELLS, RecurrentTextEncoder
from llmvis.text_encoders.transformer import TransformerTextEncoder
from llmvis.text_encoders.word_embedding import WordEmbeddingTextEncoder
from llmvis.training.pretrained import pretrained_text_encoder
from llmvis.training_config import TokenizeConfig, TrainConfig

_TEXT_LAYERS = 4  # with 3 more prompts of three things are misread, 6 gain little
_TEXT_HEADS = 2  # times those of the trunk: which thing is where needs many at once


def build_sketch_tokenizer(config: TokenizeConfig, image_size: int) -> SketchTokenizer:
    """Builds a sketch tokenizer, weights drawn.

    Raises:
        ConfigError: The grid does not divide the picture, or a count is not odd.
    """
    tokenizer = SketchTokenizer(
        image_size,
        patch_size=config.patch_size,
        block_size=config.block_size,
        num_levels=config.num_levels,
        hidden_dim=config.hidden_dim,
        num_layers=config.num_layers,
        name="sketch",
    )
    tokenizer.build({"pixels": (None, image_size, image_size, 3)})
    return tokenizer


def build_layer_tokenizer(
    config: TokenizeConfig, backdrops: np.ndarray, silhouettes: np.ndarray
) -> LayerTokenizer:
    """Builds a layer tokenizer, weights drawn.

    Args:
        config: Its sizes.
        backdrops: Shape `(K, Y, X, 3)`, float in [0, 1].
        silhouettes: Shape `(S, F)`.

    Raises:
        ConfigError: It has no codes for pictures of that size.
    """
    tokenizer = LayerTokenizer(
        backdrops.shape[1],
        num_cutouts=config.num_cutouts,
        num_levels=config.num_levels,
        hidden_dim=config.hidden_dim,
        num_backdrops=len(backdrops),
        num_silhouettes=len(silhouettes),
        name="layers",
    )
    tokenizer.build({})
    tokenizer.backdrops.assign(backdrops)
    tokenizer.silhouettes.assign(silhouettes)
    return tokenizer


def build_generator(
    config: TrainConfig,
    text_tokenizer: TextTokenizer,
    image_tokenizer: LayerTokenizer | SketchTokenizer,
):
    """Builds the text encoder and the generator that params.yaml names.

    Raises:
        ConfigError: No family or encoder has that name.
    """
    encoder = _pick(TEXT_ENCODERS, config.text_encoder, "train.text_encoder")
    generator = _pick(GENERATORS, config.generator, "train.generator")
    network = generator(config, encoder(config, text_tokenizer), image_tokenizer)
    codes = (*image_tokenizer.grid, image_tokenizer.num_digits)
    size = image_tokenizer.image_size
    network.build(
        {
            "token_ids": (None, text_tokenizer.max_tokens),
            "codes": (None, *codes),
            "pixels": (None, size, size, 3),
        }
    )
    return network


def _transformer(config, text_tokenizer):
    return TransformerTextEncoder(
        vocabulary_size=text_tokenizer.vocabulary_size,
        hidden_dim=config.hidden_dim,
        num_layers=_TEXT_LAYERS,
        num_heads=_TEXT_HEADS * config.num_heads,
        name="text_encoder",
    )


def _bag_of_words(config, text_tokenizer):
    return BagOfWordsTextEncoder(
        vocabulary_size=text_tokenizer.vocabulary_size,
        hidden_dim=config.hidden_dim,
        name="text_encoder",
    )


def _word_embedding(config, text_tokenizer):
    source = config.word_vectors
    return WordEmbeddingTextEncoder(
        vocabulary_size=text_tokenizer.vocabulary_size,
        embedding_dim=word_vectors.num_channels(source)
        if source
        else config.hidden_dim,
        hidden_dim=config.hidden_dim,
        name="text_encoder",
    )


def _pretrained(config, text_tokenizer):
    return pretrained_text_encoder(
        config.pretrained_preset,
        text_tokenizer,
        config.hidden_dim,
        tuned=config.pretrained_learning_rate > 0,
    )


def _recurrent(cell, config, text_tokenizer):
    return RecurrentTextEncoder(
        cell,
        vocabulary_size=text_tokenizer.vocabulary_size,
        hidden_dim=config.hidden_dim,
        name="text_encoder",
    )


def _of_codes(generator, config, text_encoder, image_tokenizer):
    return generator(
        text_encoder,
        hidden_dim=config.hidden_dim,
        num_layers=config.num_layers,
        num_heads=config.num_heads,
        grid=image_tokenizer.grid,
        num_digits=image_tokenizer.num_digits,
        num_levels=image_tokenizer.num_levels,
        name=config.generator,
    )


def _flow_matching(config, text_encoder, image_tokenizer):
    return FlowMatchingGenerator(
        text_encoder,
        hidden_dim=config.hidden_dim,
        num_layers=config.num_layers,
        num_heads=config.num_heads,
        image_size=image_tokenizer.image_size,
        name=config.generator,
    )


def _convolutional(generator, config, text_encoder, image_tokenizer):
    return generator(
        text_encoder,
        hidden_dim=config.hidden_dim,
        image_size=image_tokenizer.image_size,
        name=config.generator,
    )


TEXT_ENCODERS = {
    "bag_of_words": _bag_of_words,
    "word_embedding": _word_embedding,
    **{cell: partial(_recurrent, cell) for cell in CELLS},
    "transformer": _transformer,
    "pretrained": _pretrained,
}
GENERATORS = {
    "autoregressive": partial(_of_codes, AutoregressiveGenerator),
    "masked": partial(_of_codes, MaskedGenerator),
    "flow_matching": _flow_matching,
    "gan": partial(_convolutional, GanGenerator),
    "vae": partial(_convolutional, VaeGenerator),
    "regression": partial(_convolutional, RegressionGenerator),
}


def _pick(table: dict, name: str, key: str):
    if name not in table:
        raise ConfigError(
            f"{key} is {name!r}, and there is no such family. "
            f"Choose one of {', '.join(sorted(table))}."
        )
    return table[name]
