"""The commands of the model registry: what is registered, and which one serves."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from llmvis.cli import project

if TYPE_CHECKING:  # MLflow takes four seconds to import
    from llmvis.model_registry.provenance import Version

_Name = Annotated[
    str | None,
    typer.Option(help="Of the registered model; register.name where not given."),
]


def register() -> None:
    """Register the judged model: report -> version.

    \b
    Example:
      llmvis register
    """
    with project.entered():
        from flows import lock
        from flows.register import register as register_model

        with lock.alone():
            version = register_model()
    typer.echo(f"{version.label} {_aliases(version)}")


def promote(
    version: Annotated[int, typer.Argument(min=1, help="See `llmvis models`.")],
    reason: Annotated[str, typer.Option(help="Kept with the version.")] = "by hand",
    name: _Name = None,
) -> None:
    """Make a version the champion.

    The one before it stays at hand as `previous`, see `llmvis rollback`.

    \b
    Examples:
      llmvis promote 3
      llmvis promote 3 --reason "draws fish better"
    """
    with project.entered() as params:
        from llmvis.model_registry import versions

        chosen = versions.promote(name or params.register.name, version, reason)
    typer.echo(f"{chosen.label} is the champion.")


def rollback(name: _Name = None) -> None:
    """Make the previous champion the champion again.

    \b
    Example:
      llmvis rollback
    """
    with project.entered() as params:
        from llmvis.model_registry import versions

        chosen = versions.rollback(name or params.register.name)
    typer.echo(f"{chosen.label} is the champion.")


def models(name: _Name = None) -> None:
    """List the registered versions, newest first.

    \b
    Examples:
      llmvis models
      llmvis models --name llmvis-tiny
    """
    with project.entered() as params:
        from llmvis.model_registry import versions

        found = versions.list_versions(name or params.register.name)
    Console().print(_table(found))


COMMANDS = (register, promote, rollback, models)


def _table(found: "list[Version]") -> Table:
    table = Table("version", "alias", "created", "reason", box=None)
    for version in found:
        created = version.created.astimezone() if version.created else None
        table.add_row(
            str(version.version),
            _aliases(version),
            f"{created:%Y-%m-%d %H:%M}" if created else "",
            version.reason,
        )
    return table


def _aliases(version: "Version") -> str:
    return " ".join(version.aliases)
