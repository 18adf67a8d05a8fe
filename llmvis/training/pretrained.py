"""Takes a text backbone out of a preset of KerasHub, and finds its tokens for words."""

from typing import Any

import numpy as np

from llmvis.errors import ConfigError
from llmvis.prompts.text_tokenizer import END, START, UNKNOWN, TextTokenizer
from llmvis.text_encoders.pretrained import PretrainedTextEncoder

_MOST_PIECES = 4  # of one word; what is longer is cut, as it is hardly a word
_INPUTS = {"token_ids", "padding_mask"}
_MAY_TAKE = {"segment_ids"}
# What the tokenizers of KerasHub call the tokens around a text, and the unknown one.
_MARKERS = {
    START: ("start_token_id", "cls_token_id"),
    END: ("end_token_id", "sep_token_id"),
    UNKNOWN: ("unk_token_id",),
}


def pretrained_text_encoder(
    preset: str, text_tokenizer: TextTokenizer, hidden_dim: int, *, tuned: bool
) -> PretrainedTextEncoder:
    """Builds a text encoder around the backbone of a preset.

    Args:
        preset: A folder that KerasHub wrote, or a name that it can download.
        text_tokenizer: Whose words the prompts are made of.
        hidden_dim: Channels of a state.
        tuned: Whether the backbone is trained on, or frozen.

    Raises:
        ConfigError: KerasHub is not installed, or the preset holds no text backbone.
    """
    try:
        import keras_hub
    except ImportError as error:
        raise ConfigError(
            "train.text_encoder is pretrained, which needs KerasHub. Install it: "
            "`uv sync --extra pretrained`."
        ) from error
    try:
        tokenizer = keras_hub.models.Tokenizer.from_preset(preset)
        backbone = keras_hub.models.Backbone.from_preset(preset)
    except (ValueError, OSError) as error:
        raise ConfigError(
            f"train.pretrained_preset is {preset}, and KerasHub finds no text model "
            "there. Name a folder that `save_to_preset` wrote, or a preset of "
            "https://keras.io/keras_hub/presets/, for example bert_tiny_en_uncased."
        ) from error
    takes = set(backbone.input)
    if not (_INPUTS <= takes <= _INPUTS | _MAY_TAKE):
        raise ConfigError(
            f"train.pretrained_preset is {preset}, a {type(backbone).__name__} that "
            f"reads {sorted(takes)}. Take one that reads token ids alone, for example "
            "bert_tiny_en_uncased."
        )
    follows_space = isinstance(tokenizer, keras_hub.tokenizers.BytePairTokenizer)
    pieces = pieces_of_words(tokenizer, text_tokenizer, follows_space=follows_space)
    return PretrainedTextEncoder(
        backbone,
        pieces=pieces,
        hidden_dim=hidden_dim,
        tuned=tuned,
        name="text_encoder",
    )


def pieces_of_words(
    tokenizer: Any, text_tokenizer: TextTokenizer, *, follows_space: bool
) -> np.ndarray:
    """Finds what a tokenizer makes of each word of another.

    Args:
        tokenizer: Of KerasHub.
        text_tokenizer: Ours.
        follows_space: Whether a word is another token where a space comes before it.

    Returns:
        Shape `(vocabulary_size, P)`, int32, -1 behind the last of a word.
    """
    words = text_tokenizer.vocabulary
    texts = [f" {word}" if follows_space else word for word in words]
    # Some tokenizers give lists, others ragged tensors.
    found = {
        number: [int(piece) for piece in pieces]
        for number, pieces in zip(words.values(), tokenizer(texts), strict=True)
    }
    for marker, names in _MARKERS.items():
        ids = [getattr(tokenizer, name, None) for name in names]
        found[marker] = [number for number in ids if number is not None][:1]
    longest = min(_MOST_PIECES, max(map(len, found.values())))
    table = np.full((text_tokenizer.vocabulary_size, longest), -1, np.int32)
    for number, pieces in found.items():
        kept = pieces[:longest]
        table[number, : len(kept)] = kept
    return table
