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
from llmvis.training_config import TokenizeConfig, TrainConfig


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
        self.tokenize.require_divides(self.ingest.image_size)
        self.train.require_divides(self.ingest.image_size)


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
