"""The typed reading of params.yaml: one frozen dataclass for each section.

There are no defaults: params.yaml has every value, so `dvc.lock` records all of them.
"""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal

from llmvis.augment_config import AugmentConfig
from llmvis.finishing_config import FinishingConfig
from llmvis.operating import GateConfig, RegisterConfig, ServeConfig, UpConfig
from llmvis.sections import (
    read_section,
    read_yaml,
    refuse_other_keys,
    require,
    require_positive,
)

_MAY_BE_ZERO = {
    "weight_decay",
    "caption_dropout",
    "length_weight",
    "pretrained_learning_rate",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class IngestConfig:
    """Which captioned pictures to take, and how they are made alike."""

    # `scenes`, or a key of datasets.sources.SOURCES.
    source: Literal[
        "scenes",
        "image_folder",
        "webdataset",
        "coco_captions",
        "flickr_captions",
        "parquet_images",
        "caption_table",
        "sidecar_text",
        "class_folders",
        "emoji",
    ]
    path: str  # the folder, file or address to read; `scenes` reads none
    image_size: int  # side of the square every picture becomes, in pixels
    background: str  # what shows through transparent pixels, as #rrggbb
    min_side: (
        int  # pixels that the shorter side of a file must have; smaller is refused
    )
    # How a picture becomes a square, see datasets.image_files.
    fit: Literal["pad", "crop", "shifted_crop", "stretch"]
    min_sharpness: float  # of datasets.quality.sharpness; 0 takes all
    min_contrast: float  # of datasets.quality.contrast; 0 takes all
    min_entropy: float  # of datasets.quality.entropy; 0 takes all
    engine: str | None  # address of the Dask scheduler whose workers read; null: here
    num_train_scenes: int  # how many training pictures `scenes` draws
    num_test_scenes: int  # how many each of its other splits gets
    seed: int

    def __post_init__(self):
        require(
            self.image_size >= 16 and self.image_size % 8 == 0,
            f"ingest.image_size is {self.image_size}, and must be a multiple of 8 and "
            "at least 16. Try 64.",
        )
        require(
            self.min_side >= 1,
            f"ingest.min_side is {self.min_side}, and must be at least 1. Try 8.",
        )
        require(
            self.engine is None or "://" in self.engine,
            f"ingest.engine is {self.engine}, and must be null or the address of a "
            "Dask scheduler, such as tcp://127.0.0.1:8786.",
        )
        for key in ("min_sharpness", "min_contrast", "min_entropy"):
            value = getattr(self, key)
            require(
                value >= 0,
                f"ingest.{key} is {value}, and must be 0 (take all) or more.",
            )


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


@dataclass(frozen=True, kw_only=True, slots=True)
class JudgeConfig:
    """How the judges are trained."""

    num_steps: int  # of the scene judge
    batch_size: int
    learning_rate: float  # the highest; reached after a warm-up, then a cosine to 0
    general_num_steps: int
    general_batch_size: int  # every pair of a batch is contrasted with all others
    general_learning_rate: float
    seed: int

    def __post_init__(self):
        require_positive(self, "judge")


@dataclass(frozen=True, kw_only=True, slots=True)
class EvaluateConfig:
    """What the report covers."""

    splits: Literal["test", "validation"]  # test: all whose name begins so
    num_prompts: int  # of each split and language
    seeds_per_prompt: int  # 2 or more to see how much a seed changes
    batch_size: int  # pictures drawn at once
    inception_weights: str | None  # a file for true FID; null leaves FID out
    seed: int

    def __post_init__(self):
        require_positive(self, "evaluate")
        require(
            self.num_prompts >= 2,
            f"evaluate.num_prompts is {self.num_prompts}, and an interval needs at "
            "least 2. Try 100.",
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class SamplingConfig:
    """How image codes are drawn from logits."""

    guidance_scale: float  # 1.0 is off, see generators/guidance.py
    temperature: float  # 1.0 leaves the logits as they are
    top_k: int  # number of values that stay in the draw; 0 keeps all
    top_p: float  # share of the probability that stays in the draw; 1.0 keeps all
    num_steps: int  # passes of a parallel decoder; others ignore it
    num_candidates: int  # pictures drawn, of which the likeliest is given

    def __post_init__(self):
        require(
            0.01 <= self.temperature <= 100,  # or logits are no numbers any more
            f"sampling.temperature is {self.temperature}, and must be from 0.01 to "
            "100. For the likeliest code at every step, set sampling.top_k to 1.",
        )
        require(
            0 <= self.guidance_scale <= 100,
            f"sampling.guidance_scale is {self.guidance_scale}, and must be from 0 to "
            "100. 1.0 is off; try 1.5.",
        )
        require(
            self.top_k >= 0,
            f"sampling.top_k is {self.top_k}, and must be 0 (keep all) or more.",
        )
        require(
            self.num_steps >= 1,
            f"sampling.num_steps is {self.num_steps}, and must be at least 1.",
        )
        require(
            0 < self.top_p <= 1,
            f"sampling.top_p is {self.top_p}, and must be above 0 and at most 1. "
            "1.0 keeps all.",
        )
        require(
            1 <= self.num_candidates <= 64,
            f"sampling.num_candidates is {self.num_candidates}, and must be from 1 to "
            "64. Try 4.",
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Params:
    """All of params.yaml."""

    ingest: IngestConfig
    tokenize: TokenizeConfig
    augment: AugmentConfig
    train: TrainConfig
    finishing: FinishingConfig
    judge: JudgeConfig
    evaluate: EvaluateConfig
    sampling: SamplingConfig
    register: RegisterConfig
    gate: GateConfig
    serve: ServeConfig
    up: UpConfig

    def __post_init__(self):
        self.augment.require_fit(self.tokenize.image_tokenizer)


def read(path: Path = Path("params.yaml")) -> Params:
    """Reads a whole params file.

    Raises:
        ConfigError: The file is missing or not YAML, a section or a key is missing
            or unknown, or a value has the wrong type.
    """
    content = read_yaml(path)
    sections = {field.name: field.type for field in fields(Params)}
    refuse_other_keys(content, set(sections), f"{path.name}")
    return Params(
        **{
            name: read_section(content[name] or {}, name, config_class)
            for name, config_class in sections.items()
        }
    )


def _require_share(value: float, key: str) -> None:
    require(0 <= value < 1, f"{key} is {value}, and must be at least 0 and below 1.")
