"""The routes of the server."""

import base64
import importlib.metadata
import secrets
import time
from collections.abc import Sequence
from dataclasses import fields, replace
from importlib.resources import files

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.params import Depends as Dependency
from fastapi.responses import HTMLResponse, JSONResponse, Response
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4
from starlette.exceptions import HTTPException

from llmvis.config import SamplingConfig, ServeConfig
from llmvis.errors import ConfigError, PromptError
from llmvis.model_registry import provenance
from llmvis.model_registry.provenance import Version
from llmvis.records import Sample
from llmvis.serving import keys, messages, waiting
from llmvis.serving.batching import Batcher, Order
from llmvis.serving.body_limit import BodyLimit
from llmvis.serving.following import Following
from llmvis.serving.messages import MAX_SEED
from llmvis.serving.metrics import CountRequests, Metrics
from llmvis.serving.waiting import Refused

_ERRORS: dict[int | str, dict] = {
    "4XX": {"model": messages.ProblemAnswer, "description": "Refused"},
    503: {"model": messages.ProblemAnswer, "description": "Not now"},
}
_COME_BACK = {"Retry-After": "1"}
_HEADERS = {401: {"WWW-Authenticate": "Bearer"}, 429: _COME_BACK, 503: _COME_BACK}
Drawn = list[tuple[Sample, Version]]


class Pictures:
    """Draws what requests ask for.

    Args:
        following: Holds the current version.
        batcher: Draws with it.
        settings: Limits of a request.
    """

    def __init__(self, following: Following, batcher: Batcher, settings: ServeConfig):
        self.following, self.batcher, self.settings = following, batcher, settings

    async def draw(
        self, request: Request, prompt: str, seed: int | None, count: int, options: dict
    ) -> Drawn:
        """Draws `count` pictures, with seeds that follow one another.

        Args:
            request: Whose client waits.
            prompt: English or Chinese.
            seed: Of the first picture; None for a new one.
            count: How many.
            options: Fields of SamplingConfig that differ from the version's own.

        Raises:
            Refused: Too many pictures are asked for, or cannot be drawn now.
            PromptError: The prompt cannot be read.
        """
        if count > self.settings.max_images:
            raise Refused(
                400,
                f"{count} pictures are asked for, and one request may ask for "
                f"{self.settings.max_images}. Ask several times.",
            )
        loaded = self.following.current
        # Before it is queued, since it would be refused together with others.
        loaded.model.text_tokenizer.encode([prompt])
        sampling = replace(loaded.sampling, **options) if options else None
        first = secrets.randbelow(MAX_SEED - count) if seed is None else seed
        orders = [
            Order(prompt=prompt, seed=first + index, sampling=sampling)
            for index in range(count)
        ]
        timeout = self.settings.timeout
        return await waiting.draw(request, self.batcher, orders, timeout)


def create(pictures: Pictures, api_keys: Sequence[str] = ()) -> FastAPI:
    """Makes the application around a model that is loaded.

    Args:
        pictures: Draws.
        api_keys: One of them must come with what draws; none lets everybody draw.
    """
    app = FastAPI(
        title="llmvis",
        summary="Pictures from words, drawn by your own model",
        version=importlib.metadata.version("llmvis"),
    )
    metrics = Metrics(pictures.batcher, pictures.following)
    app.add_middleware(BodyLimit)
    app.add_middleware(CountRequests, metrics=metrics)  # outermost: refusals count too
    _answer_errors(app)
    _add_state_routes(app, pictures, metrics)
    asked = keys.asked_of(api_keys)
    _add_images_route(app, pictures, asked)
    _add_generate_route(app, pictures, asked)
    return app


def _add_images_route(
    app: FastAPI, pictures: Pictures, asked: list[Dependency]
) -> None:
    @app.post("/v1/images/generations", responses=_ERRORS, dependencies=asked)
    async def images(
        request: Request, body: messages.ImagesRequest
    ) -> messages.ImagesAnswer:
        """Draws pictures, in the shape of the OpenAI images route."""
        side = pictures.following.current.model.picture_size
        if body.size not in {None, "auto", f"{side}x{side}"}:
            raise Refused(
                400,
                f"size is {body.size}, and this model draws {side}x{side}. Leave size "
                "out, or write auto.",
                "size",
            )
        drawn = await pictures.draw(request, body.prompt, body.seed, body.n, {})
        data = [
            messages.ImageData(
                b64_json=_base64(sample, version), **_about(sample, version)
            )
            for sample, version in drawn
        ]
        return messages.ImagesAnswer(
            created=int(time.time()), data=data, unknown_words=_unknown_words(drawn)
        )


def _add_generate_route(
    app: FastAPI, pictures: Pictures, asked: list[Dependency]
) -> None:
    @app.post("/generate", responses=_ERRORS, dependencies=asked)
    async def generate(
        request: Request, body: messages.GenerateRequest
    ) -> messages.GenerateAnswer:
        """Draws pictures, with every sampling option."""
        names = {field.name for field in fields(SamplingConfig)}
        options = body.model_dump(include=names, exclude_none=True)
        drawn = await pictures.draw(
            request, body.prompt, body.seed, body.num_images, options
        )
        made = [
            messages.Picture(png=_base64(sample, version), **_about(sample, version))
            for sample, version in drawn
        ]
        return messages.GenerateAnswer(images=made, unknown_words=_unknown_words(drawn))


def _add_state_routes(app: FastAPI, pictures: Pictures, metrics: Metrics) -> None:
    following, batcher = pictures.following, pictures.batcher
    page = files("llmvis.serving").joinpath("page.html").read_text("utf-8")

    @app.get("/", response_class=HTMLResponse, include_in_schema=False)
    async def show_page() -> str:
        return page

    @app.get("/health")
    async def health() -> dict[str, str]:
        """Answers while the process lives."""
        return {"status": "ok"}

    @app.get("/ready")
    async def ready() -> messages.State:
        """Says which version draws, and how many pictures wait."""
        return messages.State(
            version=following.current.version.label,
            image_size=following.current.model.picture_size,
            max_images=pictures.settings.max_images,
            waiting=batcher.num_waiting,
            problem=following.problem,
        )

    @app.get("/metrics", response_class=Response)
    async def show_metrics() -> Response:
        """Counts and seconds, for Prometheus."""
        return Response(metrics.text(), media_type=CONTENT_TYPE_PLAIN_0_0_4)


def _answer_errors(app: FastAPI) -> None:
    @app.exception_handler(Refused)
    async def refused(_request: Request, error: Refused) -> JSONResponse:
        return _problem(error.status, error.message, error.param)

    @app.exception_handler(PromptError)
    async def unreadable(_request: Request, error: PromptError) -> JSONResponse:
        return _problem(400, str(error), "prompt")

    @app.exception_handler(ConfigError)
    async def impossible(_request: Request, error: ConfigError) -> JSONResponse:
        return _problem(400, str(error), None)

    @app.exception_handler(RequestValidationError)
    async def invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
        return _problem(400, *_in_words(error.errors()[0]))

    @app.exception_handler(HTTPException)
    async def other(_request: Request, error: HTTPException) -> JSONResponse:
        message = f"{error.detail}. The routes are listed at /docs."
        return _problem(error.status_code, message, None)


def _in_words(error: dict) -> tuple[str, str | None]:
    """Says what is wrong with a body, and with which field of it."""
    field = ".".join(str(part) for part in error["loc"][1:])
    if error["type"] == "json_invalid":
        return "The body is not JSON.", None
    if error["type"] == "extra_forbidden":
        known = sorted(messages.GenerateRequest.model_fields)
        return f"There is no option {field}; there are {known}.", field
    return f"{field or 'The body'}: {error['msg']}.", field or None


def _problem(status: int, message: str, param: str | None) -> JSONResponse:
    kind = "invalid_request_error" if status < 500 else "server_error"
    code = "invalid_api_key" if status == 401 else None
    answer = messages.ProblemAnswer(
        error=messages.Problem(
            message=_encodable(message),
            type=kind,
            param=param and _encodable(param),
            code=code,
        )
    )
    headers = _HEADERS.get(status, {})
    return JSONResponse(answer.model_dump(), status, headers)


def _encodable(text: str) -> str:
    """Spells out half characters, which JSON can hold and UTF-8 cannot."""
    return text.encode("utf-8", "backslashreplace").decode()


def _base64(sample: Sample, version: Version) -> str:
    return base64.b64encode(provenance.encode(sample, version)).decode()


def _about(sample: Sample, version: Version) -> dict:
    return {"seed": sample.seed, "version": version.label}


def _unknown_words(drawn: Drawn) -> list[str]:
    return list(dict.fromkeys(w for sample, _ in drawn for w in sample.unknown_words))
