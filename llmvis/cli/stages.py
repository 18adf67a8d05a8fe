"""The commands that make things: the whole arrow, and each stage of it."""

import os
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llmvis.cli import project

if TYPE_CHECKING:  # MLflow takes four seconds to import
    from llmvis.model_registry.provenance import Version

_NEXT = """
The model is version {version} of {name}{role}.
  gate     {gate}
  samples  {report}/samples.png
  report   {report}/index.html

Try:
  llmvis generate "a blue bird on a red flower"{model} -o bird.png
  llmvis serve{model}
  llmvis models{name_option}"""


def pipeline(
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="section.key=value for this run; may be repeated."),
    ] = None,
    params: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            resolve_path=True,
            help="A YAML file with the sections and keys to change for this run.",
        ),
    ] = None,
) -> None:
    """Run what is out of date, and register the model.

    It becomes the champion if it is better than the one before, see `gate` in
    params.yaml.

    With --params and --set this run has other values than params.yaml.

    \b
    Examples:
      llmvis pipeline
      llmvis pipeline --params presets/tiny.yaml
      llmvis pipeline --set train.num_steps=6000 --set register.name=longer
      llmvis pipeline --set ingest.source=class_folders --set ingest.path=../pictures
    """
    with project.entered() as usual:
        from flows import lock, overlay

        changes = [overlay.read_file(params)] if params else []
        changes += [overlay.read_settings(settings)] if settings else []
        text = overlay.merged(*changes)
        with lock.alone(), overlay.in_place(text) if changes else nullcontext():
            version = _bring_all_up_to_date()
        _say_what_next(version, is_default=version.name == usual.register.name)


def ingest(
    path: Annotated[
        str | None,
        typer.Argument(
            help="A folder or a file with captioned pictures, here or at an address. "
            "Its form is found out, and both are written into params.yaml.",
        ),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Fail if anything was refused.")
    ] = False,
) -> None:
    """Take in captioned pictures: raw -> examples.

    Without PATH, what params.yaml names is taken in. Where `llmvis up` runs, or
    PREFECT_API_URL is set, a retraining follows.

    \b
    Examples:
      llmvis ingest
      llmvis ingest ~/pictures --strict
    """
    address = path and project.address_of_data(path)
    with project.entered():
        from flows import data_changes, running

        if address:
            _name_source(address)
        _bring_stage_up_to_date("ingest")
        if strict:
            _require_nothing_refused()
        api = running.prefect_api()
        if api is not None and data_changes.announce("llmvis ingest", api):
            typer.echo("A retraining is asked for.", err=True)


def tokenize() -> None:
    """Captions and pictures to tokens: examples -> tokens.

    What feeds it runs first where it is out of date.

    \b
    Example:
      llmvis tokenize
    """
    _bring_up_to_date("tokenize")


def train() -> None:
    """Train the networks of params.yaml: tokens -> networks.

    What feeds it runs first where it is out of date. A run that was stopped goes on
    from its last checkpoint, and says what draws with its best weights.

    \b
    Example:
      llmvis train
    """
    _bring_up_to_date("train")


def finish() -> None:
    """Add what finishes the pictures, see params.yaml: networks -> model.

    What feeds it runs first where it is out of date.

    \b
    Example:
      llmvis finish
    """
    _bring_up_to_date("finish")


def judge() -> None:
    """Train the judges: examples -> judge.

    What feeds it runs first where it is out of date.

    \b
    Example:
      llmvis judge
    """
    _bring_up_to_date("judge")


def evaluate() -> None:
    """Draw, judge, and write the report: model -> report.

    What feeds it runs first where it is out of date.

    \b
    Example:
      llmvis evaluate
    """
    _bring_up_to_date("evaluate")


COMMANDS = (pipeline, ingest, tokenize, train, finish, judge, evaluate)


def _bring_up_to_date(stage: str) -> None:
    with project.entered():
        _bring_stage_up_to_date(stage)


def _bring_stage_up_to_date(stage: str) -> None:
    from flows import dvc_stage, lock

    with lock.alone():
        for step in dvc_stage.needed_for(stage):
            dvc_stage.bring_up_to_date(step)


def _name_source(address: str) -> None:
    """Finds out the form of what is at an address, and has params.yaml name both."""
    from flows import lock, overlay
    from llmvis.datasets.place import Place
    from llmvis.datasets.sources import detect

    source = detect(Place(address))
    with lock.alone():
        overlay.keep({"ingest": {"source": source, "path": address}})
    typer.echo(f"params.yaml now has ingest.source {source}, path {address}", err=True)


def _require_nothing_refused() -> None:
    from flows.ingest import EXAMPLES
    from llmvis import storage
    from llmvis.errors import DataError

    refused = storage.read_refusals(EXAMPLES)
    if len(refused):
        first = refused.iloc[0]
        raise DataError(
            f"{len(refused)} items were refused, and --strict allows none. The first: "
            f"{first.source}: {first.reason}. {first.fix} All are in "
            f"{EXAMPLES}/card.html."
        )


def _bring_all_up_to_date() -> "Version":
    from flows import dvc_stage

    if all(map(dvc_stage.is_clean, dvc_stage.needed_for("evaluate"))):
        # Prefect would take ten seconds to start, for nothing.
        typer.echo("Every stage is up to date.", err=True)
        from flows.register import register

        return register()
    # Both only where the user has not said otherwise: what Prefect says here is said
    # already, and its own server is slow to start on a small machine.
    os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")
    os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "120")
    from flows.pipeline import pipeline as flow

    return flow()


def _say_what_next(version: "Version", *, is_default: bool) -> None:
    is_champion = "champion" in version.aliases
    which = "@champion" if is_champion else f"/{version.version}"
    address = f"models:/{version.name}{which}"
    name_option = "" if is_default else f" --name {version.name}"
    typer.echo(
        _NEXT.format(
            version=version.version,
            name=version.name,
            role=", its champion" if is_champion else ", not its champion",
            gate=version.gate or f"not asked; promoted: {version.reason}",
            report=Path("data/report").resolve(),
            model="" if is_default and is_champion else f" --model {address}",
            name_option=name_option,
        )
    )
    if not is_champion:
        typer.echo(f"  llmvis promote {version.version}{name_option} --reason WHY")
