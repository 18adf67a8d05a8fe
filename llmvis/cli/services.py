"""The commands of the whole loop, unattended: `up`, `down`, `retrain`."""

from contextlib import suppress

import typer

from llmvis.cli import project
from llmvis.errors import ServingError

_ADDRESSES = """
  runs and versions  {mlflow}
  retraining         {prefect}
  pictures           {pictures}{waits}
  logs               {logs}

A new version is made {when}when {folder} changes, or by `llmvis retrain`.
Ctrl-C or `llmvis down` ends it all."""


def up() -> None:
    """Start everything on this machine: MLflow, Prefect, retraining, model server.

    It retrains by the clock and when pictures change, promotes what the gate passes,
    and serves the champion. Section `up` of params.yaml.

    \b
    Example:
      llmvis up
    """
    with project.entered() as params, suppress(KeyboardInterrupt):
        from flows import progress, running
        from flows import up as services

        addresses = services.Addresses(params)
        progress.say("Starting MLflow, Prefect, the retraining and the model server.")
        with services.started(params, addresses) as kept:
            has_champion = addresses.has_champion(params.register.name)
            typer.echo(
                _ADDRESSES.format(
                    mlflow=addresses.mlflow,
                    prefect=addresses.prefect,
                    pictures=addresses.pictures,
                    waits="" if has_champion else " as soon as there is a champion",
                    logs=(running.FOLDER / "logs").resolve(),
                    when=f"at `{params.up.cron}` UTC, " if params.up.cron else "",
                    folder=params.ingest.path,
                )
            )
            while True:
                kept.keep_up()


def down() -> None:
    """End what `llmvis up` started in this project.

    \b
    Example:
      llmvis down
    """
    with project.entered():
        from flows import running

        ended = running.end()
    typer.echo("All ended." if ended else "Nothing was running.")


def retrain() -> None:
    """Ask `llmvis up`, or Prefect at PREFECT_API_URL, for a new version now.

    \b
    Example:
      llmvis retrain
    """
    with project.entered():
        from flows import running
        from flows import up as services

        api = running.prefect_api()
        if api is None:
            raise ServingError(
                "Nobody retrains here: neither `llmvis up` runs nor is PREFECT_API_URL "
                "set. Start `llmvis up`, or run `llmvis pipeline` yourself."
            )
        name = services.retrain(api)
    typer.echo(f"Retraining is asked for, as run {name}: {api.removesuffix('/api')}")


COMMANDS = (up, down, retrain)
