"""Sections `tokenize` and `train` of params.yaml: the networks, and how they learn."""

import math
from dataclasses import dataclass
from typing import Literal

from llmvis.sections import require, require_positive

_MAY_BE_ZERO = {
    "weight_decay",
    "caption_dropout",
    "length_weight",
    "pretrained_learning_rate",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenizeConfig:
    """How captions and pictures become tokens."""

    # The keys of training.image_tokens.IMAGE_TOKENIZERS.
    image_tokenizer: Literal["layers", "sketch"]
    num_cutouts: int  # of `layers`: things of a picture that have codes
    patch_size: int  # of `sketch`: pixels on a side of a patch
    block_size: int  # of `sketch`: patches on a side that make one position
    num_layers: int  # of `sketch`: blocks of layers at each of its two scales
    num_levels: int  # values of a digit, odd
    hidden_dim: int  # channels of its networks
    batch_size: int
    num_steps: int  # optimizer steps
    learning_rate: float  # of Muon: the layers in the middle
    adam_learning_rate: float  # of AdamW: embeddings, the first and the last layers
    max_caption_tokens: int  # longer captions are cut
    seed: int

    def __post_init__(self):
        require_positive(self, "tokenize")
        require(
            self.num_levels >= 3 and self.num_levels % 2 == 1,
            f"tokenize.num_levels is {self.num_levels}, and must be odd and at least "
            "3. Try 15.",
        )

    def require_divides(self, image_size: int) -> None:
        """Refuses pictures that the image tokenizer cannot cut into its grid.

        Raises:
            ConfigError: Its cells would not be whole pixels.
        """
        is_layers = self.image_tokenizer == "layers"
        cell = 16 if is_layers else self.patch_size * self.block_size
        step = math.lcm(cell, 8)  # which image_size has to be a multiple of anyway
        why = "" if is_layers else ", tokenize.patch_size times tokenize.block_size"
        require(
            image_size % cell == 0,
            f"ingest.image_size is {image_size}, and the image tokenizer "
            f"{self.image_tokenizer} takes multiples of {cell}{why}. "
            f"Try {-(-image_size // step) * step}.",
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainConfig:
    """Which networks are trained, and how."""

    # Named here too, so that a misspelt one is refused before hours of work.
    text_encoder: Literal[  # training.build.TEXT_ENCODERS
        "bag_of_words",
        "word_embedding",
        "rnn",
        "lstm",
        "gru",
        "transformer",
        "pretrained",
    ]
    word_vectors: str | None  # of `word_embedding`: a file or a spaCy package
    pretrained_preset: str | None  # of `pretrained`: a preset of KerasHub
    pretrained_learning_rate: float  # of AdamW, for its weights; 0 leaves them alone
    # The keys of training.build.GENERATORS.
    generator: Literal[
        "autoregressive", "masked", "flow_matching", "gan", "vae", "regression"
    ]
    hidden_dim: int
    num_layers: int
    num_heads: int
    batch_size: int
    num_steps: int  # optimizer steps
    # Fewer steps are made where they would take longer; null: as long as they take.
    max_seconds: float | None
    learning_rate: float  # of Muon: the layers in the middle
    adam_learning_rate: float  # of AdamW: embeddings, the first and the last layers
    weight_decay: float
    length_weight: float  # power of its length by which a picture comes more often
    caption_dropout: float  # share of captions hidden: guidance needs an empty one
    validate_every: int  # steps between validation losses, pictures and checkpoints
    # Registered version whose weights it begins with, or `champion`; null: random ones.
    start_from: str | int | None
    seed: int

    def __post_init__(self):
        require_positive(self, "train", but=_MAY_BE_ZERO)
        require(
            not isinstance(self.start_from, str) or self.start_from == "champion",
            f"train.start_from is {self.start_from!r}, and must be champion, the "
            "number of a version (`llmvis models` lists them), or null.",
        )
        require(
            self.hidden_dim % (4 * self.num_heads) == 0,  # a head turns pairs, in 2-D
            f"train.hidden_dim is {self.hidden_dim}, and must be a multiple of four "
            f"times train.num_heads, {self.num_heads}. Try {64 * self.num_heads}.",
        )
        _require_share(self.caption_dropout, "train.caption_dropout")
        require(
            self.word_vectors is None or self.text_encoder == "word_embedding",
            f"train.word_vectors is {self.word_vectors}, and train.text_encoder "
            f"{self.text_encoder} takes none. Set it to word_embedding, or "
            "word_vectors to null.",
        )
        require(
            (self.pretrained_preset is not None) == (self.text_encoder == "pretrained"),
            f"train.pretrained_preset is {self.pretrained_preset}, and "
            f"train.text_encoder is {self.text_encoder}. A preset of KerasHub, such as "
            "bert_tiny_en_uncased, and the text encoder pretrained go together.",
        )
        require(
            self.pretrained_learning_rate == 0 or self.text_encoder == "pretrained",
            f"train.pretrained_learning_rate is {self.pretrained_learning_rate}, and "
            f"train.text_encoder {self.text_encoder} brings no weights. Set it to 0, "
            "or text_encoder to pretrained.",
        )

    def require_divides(self, image_size: int) -> None:
        """Refuses pictures that the generator cannot double small grids up to.

        Raises:
            ConfigError: They are not 8 pixels times a power of 2.
        """
        doublings, rest = divmod(image_size, 8)
        require(
            self.generator not in {"gan", "vae", "regression"}
            or (rest == 0 and doublings & (doublings - 1) == 0),
            f"ingest.image_size is {image_size}, and train.generator {self.generator} "
            "doubles 8 pixels again and again. Set it to 32, 64, 128 or 256, or choose "
            "another generator, such as autoregressive.",
        )


def _require_share(value: float, key: str) -> None:
    require(0 <= value < 1, f"{key} is {value}, and must be at least 0 and below 1.")
