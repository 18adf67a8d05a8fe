"""The typed reading of params.yaml: one frozen dataclass for each section.

There are no defaults: params.yaml has every value, so `dvc.lock` records all of them.
"""

import re
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal

from llmvis.sections import read_section, read_yaml, refuse_other_keys, require

_MAY_BE_ZERO = {"seed", "weight_decay", "caption_dropout"}


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
    ]
    path: str  # the folder or file to read; `scenes` reads none
    image_size: int  # side of the square every picture becomes, in pixels
    background: str  # what shows through transparent pixels, as #rrggbb
    min_side: (
        int  # pixels that the shorter side of a file must have; smaller is refused
    )
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
        _require_positive(self, "tokenize")
        require(
            self.num_levels >= 3 and self.num_levels % 2 == 1,
            f"tokenize.num_levels is {self.num_levels}, and must be odd and at least "
            "3. Try 15.",
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainConfig:
    """Which networks are trained, and how."""

    # Named here too, so that a misspelt one is refused before hours of work.
    text_encoder: Literal["lstm", "transformer"]  # training.build.TEXT_ENCODERS
    # The keys of training.build.GENERATORS.
    generator: Literal["autoregressive", "regression"]
    hidden_dim: int
    num_layers: int
    num_heads: int
    batch_size: int
    num_steps: int  # optimizer steps
    learning_rate: float  # of Muon: the layers in the middle
    adam_learning_rate: float  # of AdamW: embeddings, the first and the last layers
    weight_decay: float
    caption_dropout: float  # share of captions hidden: guidance needs an empty one
    validate_every: int  # steps between validation losses, pictures and checkpoints
    seed: int

    def __post_init__(self):
        _require_positive(self, "train")
        require(
            self.hidden_dim % self.num_heads == 0,
            f"train.hidden_dim is {self.hidden_dim}, and must be a multiple of "
            f"train.num_heads, {self.num_heads}. Try {64 * self.num_heads}.",
        )
        _require_share(self.caption_dropout, "train.caption_dropout")


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
        _require_positive(self, "judge")


@dataclass(frozen=True, kw_only=True, slots=True)
class EvaluateConfig:
    """What the report covers."""

    num_prompts: int  # of each split and language
    seeds_per_prompt: int  # 2 or more to see how much a seed changes
    batch_size: int  # pictures drawn at once
    inception_weights: str | None  # a file for true FID; null leaves FID out
    seed: int

    def __post_init__(self):
        _require_positive(self, "evaluate")
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
    num_steps: int  # passes of a parallel decoder; others ignore it

    def __post_init__(self):
        require(
            self.temperature > 0,
            f"sampling.temperature is {self.temperature}, and must be above 0. "
            "For the likeliest code at every step, set sampling.top_k to 1.",
        )
        require(
            self.top_k >= 0,
            f"sampling.top_k is {self.top_k}, and must be 0 (keep all) or more.",
        )
        require(
            self.num_steps >= 1,
            f"sampling.num_steps is {self.num_steps}, and must be at least 1.",
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class RegisterConfig:
    """Where a judged model goes."""

    name: str  # of the registered model in MLflow

    def __post_init__(self):
        require(
            re.fullmatch(r"[A-Za-z0-9_.-]+", self.name) is not None,
            f"register.name is {self.name!r}, and may hold only letters, digits and "
            "the signs _ . - because it becomes part of addresses. Try llmvis.",
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class GateConfig:
    """What a new version must show before it becomes the champion."""

    main_score: str | None  # alignment.SPLIT.LANGUAGE.MEASURE; null: gate.usual_score
    margin: float  # the low end of its rise over the champion must be above this
    guard_margin: float  # how far a guarded score may fall
    minimum: float  # of the main score, in a first model too
    min_prompts: int  # that the two are compared on

    def __post_init__(self):
        require(
            self.main_score is None
            or re.fullmatch(r"alignment(\.[^.]+){3}", self.main_score) is not None,
            f"gate.main_score is {self.main_score!r}, and must name one of the figures "
            "that compare picture by picture. Try "
            "alignment.test_unseen_scene.en.all_correct, or null.",
        )
        for key in ("margin", "guard_margin"):
            value = getattr(self, key)
            require(
                0 <= value < 1,
                f"gate.{key} is {value}, and must be at least 0 and below 1: 0.02 is "
                "two points of a hundred.",
            )
        require(
            -1 <= self.minimum <= 1,
            f"gate.minimum is {self.minimum}, and must be from -1 to 1, as the scores "
            "are. Try 0.",
        )
        require(
            self.min_prompts >= 2,
            f"gate.min_prompts is {self.min_prompts}, and an interval needs at least "
            "2. Try 50.",
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class ServeConfig:
    """Where and how the model is served."""

    host: str
    port: int
    max_batch_size: int  # pictures drawn together
    max_waiting: int  # pictures that may wait; above, clients are told to come back
    max_images: int  # pictures one request may ask for
    timeout: int  # seconds after which a waiting request is given up

    def __post_init__(self):
        require(
            0 < self.port < 65536,
            f"serve.port is {self.port}, and must be from 1 to 65535. Try 8000.",
        )
        require(
            min(self.max_batch_size, self.max_images, self.timeout) >= 1
            and self.max_waiting >= self.max_images,
            "serve.max_batch_size, serve.max_images and serve.timeout must be at least "
            "1, and serve.max_waiting at least serve.max_images.",
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class UpConfig:
    """When a new version is made unattended, and where its services listen."""

    cron: str | None  # five fields, UTC; null: only on changed data, or by hand
    settle: int  # seconds without a change in ingest.path before it counts as changed
    mlflow_port: int
    prefect_port: int

    def __post_init__(self):
        _require_positive(self, "up")
        require(
            self.cron is None or len(self.cron.split()) == 5,
            f"up.cron is {self.cron!r}, and must have five fields: minute, hour, day, "
            'month, weekday. Try "0 3 * * *", or null.',
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Params:
    """All of params.yaml."""

    ingest: IngestConfig
    tokenize: TokenizeConfig
    train: TrainConfig
    judge: JudgeConfig
    evaluate: EvaluateConfig
    sampling: SamplingConfig
    register: RegisterConfig
    gate: GateConfig
    serve: ServeConfig
    up: UpConfig


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


def _require_positive(config, section: str) -> None:
    for field in fields(config):
        value = getattr(config, field.name)
        if isinstance(value, int | float) and field.name not in _MAY_BE_ZERO:
            key = f"{section}.{field.name}"
            require(value > 0, f"{key} is {value}, and must be above 0.")


def _require_share(value: float, key: str) -> None:
    require(0 <= value < 1, f"{key} is {value}, and must be at least 0 and below 1.")
