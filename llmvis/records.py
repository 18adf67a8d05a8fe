"""What flows through the pipeline, one frozen record each.

Example -> (tokens, arrays) -> Sample -> Verdict. A Scene is the known truth of a
drawn picture, and also what a prompt asks for and what a judge reads.
"""

import json
from dataclasses import asdict, dataclass
from typing import Self

import numpy as np

Box = tuple[float, float, float, float]  # left, top, right, bottom, in [0, 1]


@dataclass(frozen=True, slots=True)
class Caption:
    """One description of a picture."""

    text: str
    lang: str  # ISO 639-1: "en" or "zh"


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """A kind of thing in a scene, drawn `count` times."""

    kind: str  # a key of prompts.lexicon.KINDS
    color: str | None  # a key of prompts.lexicon.COLORS; None where not said
    size: str | None  # "small", "large", or None where not said
    count: int  # 0 where a prompt asks for several and says no number
    boxes: tuple[Box, ...] = ()  # one for each drawn copy; none where only asked for


@dataclass(frozen=True, slots=True)
class Relation:
    """How one thing stands to another; both are positions in `Scene.things`."""

    subject: int
    relation: str  # a key of prompts.lexicon.RELATIONS
    object: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Things, how they stand to each other, and what is behind them."""

    things: tuple[Thing, ...]
    relations: tuple[Relation, ...]
    background: str | None  # a key of prompts.lexicon.BACKGROUNDS; None if not said

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Self:
        raw = json.loads(text)
        return cls(
            things=tuple(
                Thing(**{**thing, "boxes": tuple(tuple(b) for b in thing["boxes"])})
                for thing in raw["things"]
            ),
            relations=tuple(Relation(**relation) for relation in raw["relations"]),
            background=raw["background"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A captioned picture of the data set."""

    example_id: str  # sha256 of the decoded pixels and their shape, in hex
    image: np.ndarray  # (H, W, 3) uint8
    captions: tuple[Caption, ...]
    split: str
    group_id: str  # near-duplicates share one, and one group is never in two splits
    source: str  # where it came from: a path or an address
    license: str
    width: int  # of the original, in pixels
    height: int
    scene: str = ""  # the Scene as JSON where the truth is known, else empty


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An item that was seen and not accepted."""

    source: str
    reason: str
    fix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """One split as the generators read it, memory-mapped.

    The captions of example `i` are rows `starts[i]` to `starts[i + 1]` of `token_ids`.
    """

    codes: np.ndarray  # (N, H, W, D) uint8
    token_ids: np.ndarray  # (M, L) int32
    starts: np.ndarray  # (N + 1,) int64


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A generated picture."""

    prompt: str
    seed: int
    image: np.ndarray  # (H, W, 3) uint8
    unknown_words: tuple[str, ...]  # words no training caption had, read in pieces


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One yes-or-no question a prompt raises, in the manner of DSG.

    Cho et al., 2023, https://arxiv.org/abs/2310.18235: a question counts only where
    its parents hold (a colour is asked only of a thing that is there).
    """

    about: str  # thing, color, size, count, relation, background, or a judge's extra
    text: str  # the question as a person would ask it
    subject: int  # position in Scene.things; -1 for the background
    value: str  # what is expected: a kind, a colour, a relation...
    object: int = -1  # the second thing of a relation
    parents: tuple[int, ...] = ()  # positions of the questions this one depends on


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A judge's answer to one question about one picture."""

    question: Question
    holds: bool
    confidence: float  # calibrated probability that it holds, in [0, 1]
    reason: str  # "expected a blue bird, found a blue fish"
