"""The commands that draw: `generate` and `serve`."""

import dataclasses
import math
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from llmvis.cli import project
from llmvis.config import Params, SamplingConfig
from llmvis.errors import ConfigError

if TYPE_CHECKING:  # together these take fifteen seconds to import
    import numpy as np

    from llmvis.model_registry.provenance import Version
    from llmvis.records import Sample
    from llmvis.text_to_image import TextToImage

_SAMPLES_AT_ONCE = 16  # few enough that the progress bar moves
_GAP = 2  # pixels between the pictures of a grid

_Model = Annotated[
    str | None,
    typer.Option(
        callback=lambda name: name and project.address(name),
        help="models:/NAME@champion, models:/NAME/3 or a model folder such as "
        "data/model. The champion where not given.",
    ),
]


def generate(
    prompts: Annotated[list[str], typer.Argument(metavar="PROMPT...")],
    output: Annotated[
        Path,
        typer.Option(
            "-o",
            "--output",
            resolve_path=True,
            help="A .png file, with a grid where there are several pictures; "
            "or a folder, with a file for each.",
        ),
    ],
    seed: Annotated[int, typer.Option(min=0, help="Of the first picture.")] = 0,
    num_images: Annotated[int, typer.Option(min=1, help="For each prompt.")] = 1,
    guidance_scale: Annotated[float | None, typer.Option(help="1.0 is off.")] = None,
    temperature: Annotated[float | None, typer.Option(help="From 0.01 to 100.")] = None,
    top_k: Annotated[int | None, typer.Option(help="0 keeps all.")] = None,
    top_p: Annotated[float | None, typer.Option(help="1.0 keeps all.")] = None,
    num_steps: Annotated[
        int | None, typer.Option(help="Passes of a parallel decoder.")
    ] = None,
    num_candidates: Annotated[
        int | None, typer.Option(help="Drawn for each picture; the likeliest is given.")
    ] = None,
    model: _Model = None,
) -> None:
    """Draw pictures from words.

    The sampling options are those of the model's report where not given.

    \b
    Examples:
      llmvis generate "a blue bird standing on a red flower" -o bird.png
      llmvis generate "a red cat" "一只红色的猫" --num-images 4 -o cats.png
      llmvis generate "two green cups" --seed 7 --guidance-scale 4 -o cups/
      llmvis generate "a small house" --model models:/llmvis/2 -o house.png
    """
    options = {
        "guidance_scale": guidance_scale,
        "temperature": temperature,
        "top_k": top_k,
        "top_p": top_p,
        "num_steps": num_steps,
        "num_candidates": num_candidates,
    }
    given: dict[str, Any] = {k: v for k, v in options.items() if v is not None}
    with project.entered() as params:
        from flows import native_output

        # Refused here, not after the fifteen seconds that loading takes.
        usual = dataclasses.replace(params.sampling, **given)
        _require_place(output)
        native_output.to_file(Path(".dvc/tmp/generate.log"))
        loaded, version = _load(model, params)
        sampling = dataclasses.replace(version.sampling or usual, **given)
        wanted = [(p, seed + i) for p, i in product(prompts, range(num_images))]
        samples = list(_draw(loaded, wanted, sampling))
    _say_unknown_words(samples)
    _write(samples, version, output, num_columns=num_images)


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen at.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen at.")] = None,
    model: _Model = None,
) -> None:
    """Serve the champion over HTTP.

    When the alias moves, the server follows it without dropping a request.

    \b
    Examples:
      llmvis serve
      llmvis serve --port 8080 --model models:/llmvis/2
    """
    options = {"host": host, "port": port}
    given: dict[str, Any] = {k: v for k, v in options.items() if v is not None}
    with project.entered() as params:
        settings = dataclasses.replace(params.serve, **given)
        from flows import native_output
        from llmvis import serving

        native_output.to_file(Path(".dvc/tmp/serve.log"))
        serving.serve(model or _champion(params), settings, params.sampling)


COMMANDS = (generate, serve)


def _champion(params: Params) -> str:
    return f"models:/{params.register.name}@champion"


def _load(model: str | None, params: Params) -> "tuple[TextToImage, Version]":
    from llmvis.model_registry import first_load

    return first_load.load(model or _champion(params))


def _draw(
    model: "TextToImage",
    wanted: Sequence[tuple[str, int]],
    sampling: SamplingConfig,
) -> "Iterator[Sample]":
    from flows import progress

    for start in range(0, len(wanted), _SAMPLES_AT_ONCE):
        some = wanted[start : start + _SAMPLES_AT_ONCE]
        prompts, seeds = zip(*some, strict=True)
        yield from model.generate(prompts, seed=seeds, sampling=sampling)
        if len(wanted) > _SAMPLES_AT_ONCE:
            progress.report(start + len(some), len(wanted), "drawing")


def _say_unknown_words(samples: "Sequence[Sample]") -> None:
    words = {word for sample in samples for word in sample.unknown_words}
    if words:
        typer.echo(
            f"No training caption had {', '.join(sorted(words))}; read in pieces.",
            err=True,
        )


def _require_place(output: Path) -> None:
    if output.suffix.lower() not in {".png", ""}:
        raise ConfigError(
            f"--output is {output.name}, and pictures are written as PNG. Name a .png "
            "file or a folder."
        )
    if output.suffix == "" and output.is_file():
        raise ConfigError(f"--output {output} is a file. Name a .png file or a folder.")
    if output.suffix and output.is_dir():
        raise ConfigError(f"--output {output} is a folder. Name a .png file in it.")


def _write(
    samples: "Sequence[Sample]", version: "Version", output: Path, num_columns: int
) -> None:
    from llmvis.model_registry import provenance
    from llmvis.records import Sample

    if output.suffix == "":
        output.mkdir(parents=True, exist_ok=True)
        for number, sample in enumerate(samples):
            path = output / f"{number:04}-seed{sample.seed}.png"
            path.write_bytes(provenance.encode(sample, version))
    else:
        output.parent.mkdir(parents=True, exist_ok=True)
        sample = samples[0]
        if len(samples) > 1:
            prompts = dict.fromkeys(sample.prompt for sample in samples)
            sample = Sample(
                prompt=" | ".join(prompts),
                seed=sample.seed,
                image=_grid([s.image for s in samples], num_columns),
                unknown_words=(),
            )
        output.write_bytes(provenance.encode(sample, version))
    typer.echo(f"{len(samples)} drawn by {version.label}: {output}")


def _grid(images: "Sequence[np.ndarray]", num_columns: int) -> "np.ndarray":
    """Lays `(H, W, 3)` pictures out in rows, on white."""
    import numpy as np

    if num_columns == 1:  # one picture of each prompt: as square as can be
        num_columns = math.ceil(math.sqrt(len(images)))
    height, width = images[0].shape[0] + _GAP, images[0].shape[1] + _GAP
    num_rows = -(-len(images) // num_columns)
    sheet = np.full((num_rows * height, num_columns * width, 3), 255, np.uint8)
    for number, image in enumerate(images):
        top, left = number // num_columns * height, number % num_columns * width
        sheet[top : top + height - _GAP, left : left + width - _GAP] = image
    return sheet[:-_GAP, :-_GAP]
