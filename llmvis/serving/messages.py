"""What clients send and get, in the shapes of the OpenAPI document."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

MAX_PROMPT_CHARACTERS = 1000
MAX_SEED = 2**31 - 1


Prompt = Annotated[
    str,
    Field(max_length=MAX_PROMPT_CHARACTERS, examples=["a blue bird on a red flower"]),
]
Seed = Annotated[int, Field(ge=0, le=MAX_SEED)]
Number = Annotated[float, Field(allow_inf_nan=False, le=100)]


class ImagesRequest(BaseModel):
    """A request of the widely used images shape; fields we do not know are ignored."""

    prompt: Prompt
    n: int = Field(default=1, ge=1)
    size: str | None = Field(default=None, examples=["auto"])
    response_format: Literal["b64_json"] = "b64_json"
    seed: Seed | None = None


class ImageData(BaseModel):
    """One picture of an `ImagesAnswer`."""

    b64_json: str
    seed: int
    version: str


class ImagesAnswer(BaseModel):
    """Pictures in the widely used images shape, and what we add."""

    created: int  # seconds since 1970
    data: list[ImageData]
    unknown_words: list[str]


class GenerateRequest(BaseModel):
    """A request with every sampling option; what is left out is the version's own."""

    model_config = ConfigDict(extra="forbid")

    prompt: Prompt
    num_images: int = Field(default=1, ge=1)
    seed: Seed | None = None
    guidance_scale: Annotated[Number, Field(ge=0)] | None = None
    temperature: Annotated[Number, Field(ge=0.01)] | None = None
    top_k: int | None = Field(default=None, ge=0, lt=2**31)
    top_p: Annotated[Number, Field(gt=0, le=1)] | None = None
    num_steps: int | None = Field(default=None, ge=1, le=256)
    num_candidates: int | None = Field(default=None, ge=1, le=8)


class Picture(BaseModel):
    """One picture of a `GenerateAnswer`."""

    png: str  # base64
    seed: int
    version: str


class GenerateAnswer(BaseModel):
    """Pictures, and the words of the prompt that the model had to read in pieces."""

    images: list[Picture]
    unknown_words: list[str]


class Problem(BaseModel):
    """What went wrong, in one sentence."""

    message: str
    type: str
    param: str | None = None
    code: str | None = None


class ProblemAnswer(BaseModel):
    """An error, in the shape that clients of the images route expect."""

    error: Problem


class State(BaseModel):
    """Whether pictures can be drawn, and by which version."""

    version: str
    image_size: int
    max_images: int  # that one request may ask for
    waiting: int
    problem: str  # why the alias is not followed just now; empty if it is
