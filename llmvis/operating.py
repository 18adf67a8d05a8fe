"""The sections of params.yaml that say how a model is kept in service."""

import re
from dataclasses import dataclass
from typing import Literal

from llmvis.sections import require, require_positive


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

    main_score: str | None  # alignment.SPLIT.LANGUAGE.MEASURE; null: usual_score
    margin: float  # the low end of its rise over the champion must be above this
    guard_margin: float  # how far a guarded score may fall
    guard_margins: dict[str, float]  # the same of single ones
    minimum: float  # of the main score, in a first model too
    minima: dict[str, float]  # of other figures of metrics.json, by path
    min_prompts: int  # that the two are compared on
    max_slowdown: float  # seconds for a picture, as a multiple of the champion's
    max_growth: float  # parameters, the same
    approval: Literal["none", "required"]  # of a person, for what passed

    def __post_init__(self):
        require(
            self.main_score is None
            or re.fullmatch(r"alignment(\.[^.]+){3}", self.main_score) is not None,
            f"gate.main_score is {self.main_score!r}, and must name one of the figures "
            "that compare picture by picture. Try "
            "alignment.test_unseen_scene.en.all_correct, or null.",
        )
        own = {f"guard_margins.{name}": of for name, of in self.guard_margins.items()}
        margins = {"margin": self.margin, "guard_margin": self.guard_margin, **own}
        for key, value in margins.items():
            require(
                0 <= value < 1,
                f"gate.{key} is {value}, and must be at least 0 and below 1: 0.02 is "
                "two points of a hundred.",
            )
        others = {f"minima.{name}": least for name, least in self.minima.items()}
        for key, value in {"minimum": self.minimum, **others}.items():
            require(
                -1 <= value <= 1,
                f"gate.{key} is {value}, and must be from -1 to 1, as the scores are. "
                "Try 0.",
            )
        require(
            self.min_prompts >= 2,
            f"gate.min_prompts is {self.min_prompts}, and an interval needs at least "
            "2. Try 50.",
        )
        for key in ("max_slowdown", "max_growth"):
            value = getattr(self, key)
            require(
                value > 0,
                f"gate.{key} is {value}, and must be above 0: 2.0 is twice as much as "
                "the champion takes.",
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
    api_keys_file: str | None  # one key a line; null: those of LLMVIS_API_KEYS

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
    notify: str | None  # a saved notification block of Prefect, TYPE/NAME
    mlflow_port: int
    prefect_port: int

    def __post_init__(self):
        require_positive(self, "up")
        require(
            self.cron is None or len(self.cron.split()) == 5,
            f"up.cron is {self.cron!r}, and must have five fields: minute, hour, day, "
            'month, weekday. Try "0 3 * * *", or null.',
        )
        require(
            self.notify is None
            or re.fullmatch(r"[^/]+/[^/]+", self.notify) is not None,
            f"up.notify is {self.notify!r}, and must be type and name of a block that "
            "is saved in Prefect. Try slack-webhook/ops, or null.",
        )
