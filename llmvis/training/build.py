"""From names and sizes in params.yaml to networks."""

from llmvis.config import TokenizeConfig, TrainConfig
from llmvis.errors import ConfigError
from llmvis.generators.autoregressive import AutoregressiveGenerator
from llmvis.generators.next_scale import NextScaleGenerator
from llmvis.generators.regression import RegressionGenerator
from llmvis.image_tokenizers.sketch_tokenizer import SketchTokenizer
from llmvis.prompts.text_tokenizer import TextTokenizer
from llmvis.text_encoders.lstm import LstmTextEncoder
from llmvis.text_encoders.transformer import TransformerTextEncoder

_TEXT_LAYERS = 2  # a prompt is short and its grammar simple


def build_image_tokenizer(config: TokenizeConfig, image_size: int) -> SketchTokenizer:
    """Builds the image tokenizer, weights drawn.

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
    )
    tokenizer.build({"pixels": (None, image_size, image_size, 3)})
    return tokenizer


def build_generator(
    config: TrainConfig, text_tokenizer: TextTokenizer, image_tokenizer: SketchTokenizer
):
    """Builds the text encoder and the generator that params.yaml names.

    Raises:
        ConfigError: No family or encoder has that name.
    """
    encoder = _pick(TEXT_ENCODERS, config.text_encoder, "train.text_encoder")
    generator = _pick(GENERATORS, config.generator, "train.generator")
    network = generator(config, encoder(config, text_tokenizer), image_tokenizer)
    grid, digits = image_tokenizer.grid_size, image_tokenizer.num_digits
    size = image_tokenizer.image_size
    network.build(
        {
            "token_ids": (None, text_tokenizer.max_tokens),
            "codes": (None, grid, grid, digits),
            "pixels": (None, size, size, 3),
        }
    )
    return network


def _transformer(config, text_tokenizer):
    return TransformerTextEncoder(
        vocabulary_size=text_tokenizer.vocabulary_size,
        max_tokens=text_tokenizer.max_tokens,
        hidden_dim=config.hidden_dim,
        num_layers=_TEXT_LAYERS,
        num_heads=config.num_heads,
        name="text_encoder",
    )


def _lstm(config, text_tokenizer):
    return LstmTextEncoder(
        vocabulary_size=text_tokenizer.vocabulary_size,
        hidden_dim=config.hidden_dim,
        name="text_encoder",
    )


def _autoregressive(config, text_encoder, image_tokenizer):
    return AutoregressiveGenerator(
        text_encoder,
        hidden_dim=config.hidden_dim,
        num_layers=config.num_layers,
        num_heads=config.num_heads,
        grid_size=image_tokenizer.grid_size,
        num_digits=image_tokenizer.num_digits,
        num_levels=image_tokenizer.num_levels,
        name="autoregressive",
    )


def _next_scale(config, text_encoder, image_tokenizer):
    return NextScaleGenerator(
        text_encoder,
        hidden_dim=config.hidden_dim,
        num_layers=config.num_layers,
        num_heads=config.num_heads,
        grid_size=image_tokenizer.grid_size,
        num_digits=image_tokenizer.num_digits,
        num_levels=image_tokenizer.num_levels,
        name="next_scale",
    )


def _regression(config, text_encoder, image_tokenizer):
    return RegressionGenerator(
        text_encoder,
        hidden_dim=config.hidden_dim,
        image_size=image_tokenizer.image_size,
        name="regression",
    )


TEXT_ENCODERS = {"lstm": _lstm, "transformer": _transformer}
GENERATORS = {
    "autoregressive": _autoregressive,
    "next_scale": _next_scale,
    "regression": _regression,
}


def _pick(table: dict, name: str, key: str):
    if name not in table:
        raise ConfigError(
            f"{key} is {name!r}, and there is no such family. "
            f"Choose one of {', '.join(sorted(table))}."
        )
    return table[name]
