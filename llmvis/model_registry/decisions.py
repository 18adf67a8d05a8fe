"""What the gate is given, what it measures, and what it decides."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from llmvis.config import GateConfig
from llmvis.metrics.figure import Figure
from llmvis.model_registry.version_tags import AWAITS_APPROVAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """A model whose pictures were judged."""

    name: str
    judge: str  # fingerprint of the judge that read its pictures
    metrics: Mapping  # of metrics.json: `alignment`, `cost`, and others
    rows: pd.DataFrame  # as `evaluation.read_rows` gives them


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """A score that must not pay for a better main score."""

    name: str
    difference: Figure  # challenger less champion
    margin: float  # by which it may surely fall
    key: str  # of the margin, in section `gate`
    is_worse: bool  # surely, by more than `margin`


@dataclass(frozen=True, slots=True, kw_only=True)
class Minimum:
    """What a score must come to, whatever the champion's is."""

    name: str
    challenger: float
    least: float
    key: str  # of the least, in section `gate`

    @property
    def is_missed(self) -> bool:
        return self.challenger < self.least


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a better main score may cost, as a multiple of what the champion costs."""

    name: str  # in section `cost` of metrics.json
    challenger: float
    champion: float
    limit: float  # of the ratio
    key: str  # of the limit, in section `gate`

    @property
    def ratio(self) -> float:
        return self.challenger / self.champion

    @property
    def is_too_high(self) -> bool:
        return self.ratio > self.limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The numbers that a decision rests on."""

    main_score: str  # alignment.SPLIT.LANGUAGE.MEASURE
    challenger: float  # its main score
    minima: tuple[Minimum, ...]
    champion: float | None = None  # None where nothing is compared, as are the next two
    difference: Figure | None = None  # of the main score, paired; `n` counts prompts
    guards: tuple[Guard, ...] = ()
    costs: tuple[Cost, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What the gate decided, and why."""

    passed: bool
    reason: str  # one or more sentences
    challenger: str
    champion: str | None  # None where there is none, or none that still draws
    judge: str  # fingerprint of the challenger's
    measured: Measured | None  # None where a figure is missing or not a number
    config: GateConfig
    instead_of: int = 0  # who was champion when it was tried, by number; 0 for nobody

    @property
    def outcome(self) -> str:
        if not self.passed:
            return "refused"
        return AWAITS_APPROVAL if self.config.approval == "required" else "passed"

    @property
    def verdict(self) -> str:
        return f"{self.outcome}: {self.reason}"
