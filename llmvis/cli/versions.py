"""The commands of the model registry: what is registered, and which one serves."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from llmvis.cli import project

if TYPE_CHECKING:  # MLflow takes four seconds to import
    from llmvis.evaluation import Comparison
    from llmvis.model_registry.provenance import Version

_Name = Annotated[
    str | None,
    typer.Option(help="Of the registered model; register.name where not given."),
]


def register() -> None:
    """Register the judged model: report -> version.

    It becomes the champion if it is better than the one before, see `gate` in
    params.yaml.

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
    typer.echo(f"The gate: {version.gate or 'not asked'}")


def promote(
    version: Annotated[int, typer.Argument(min=1, help="See `llmvis models`.")],
    reason: Annotated[str, typer.Option(help="Kept with the version.")] = "by hand",
    name: _Name = None,
) -> None:
    """Make a version the champion, whatever the gate said of it.

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


def compare(
    a: Annotated[str, typer.Argument(metavar="A")],
    b: Annotated[str, typer.Argument(metavar="B")],
    output: Annotated[
        Path,
        typer.Option("-o", "--output", resolve_path=True, help="The page."),
    ] = Path("compare.html"),
    name: _Name = None,
) -> None:
    """Compare two models, prompt by prompt.

    A and B are versions, or folders with a report of `llmvis evaluate`. Only prompts
    and seeds that both reports have are compared.

    \b
    Examples:
      llmvis compare 2 3
      llmvis compare models:/llmvis/2 data/report -o compare.html
    """
    a, b = project.address(a), project.address(b)
    with project.entered() as params, tempfile.TemporaryDirectory() as scratch:
        from llmvis import evaluation

        model = name or params.register.name
        folder_a, name_a = _report(a, model, Path(scratch, "a"))
        folder_b, name_b = _report(b, model, Path(scratch, "b"))
        rows = evaluation.read_rows(folder_a), evaluation.read_rows(folder_b)
        comparison = evaluation.compare(*rows, seed=params.evaluate.seed)
        names = (name_a, name_b)
        page = evaluation.render_comparison(comparison, *rows, names=names)
    output.write_text(page, "utf-8")
    Console().print(_gains(comparison, names))
    typer.echo(f"{comparison.num_pairs} pictures of each, side by side: {output}")


COMMANDS = (register, promote, rollback, models, compare)


def _report(side: str, name: str, place: Path) -> tuple[Path, str]:
    """Finds the report that `side` names, and what to call it."""
    if Path(side).is_dir():
        return Path(side), side
    from llmvis.model_registry import fetching, versions

    place.mkdir()
    version = versions.resolve(f"models:/{name}/{side}" if side.isdigit() else side)
    return fetching.fetch_report(version, place), version.label


def _gains(comparison: "Comparison", names: tuple[str, str]) -> Table:
    table = Table("", f"{names[1]} less {names[0]}", "95 % interval", "n", box=None)
    for key, gain in comparison.overall.items():
        interval = f"{gain.low:+.3f} to {gain.high:+.3f}"
        table.add_row(key, f"{gain.value:+.3f}", interval, str(gain.n))
    return table


def _table(found: "list[Version]") -> Table:
    rights = [_right(version) for version in found]
    splits = sorted({split for right in rights for split in right})
    headings = [split.removeprefix("test_").replace("_", " ") for split in splits]
    table = Table("version", "alias", "created", *headings, "reason", box=None)
    table.columns[2].no_wrap = True
    if splits:
        table.caption = "The shares are of test pictures that are wholly right."
    for version, right in zip(found, rights, strict=True):
        created = version.created.astimezone() if version.created else None
        table.add_row(
            str(version.version),
            _aliases(version),
            f"{created:%Y-%m-%d %H:%M}" if created else "",
            *(f"{right[split]:.1%}" if split in right else "" for split in splits),
            version.reason or version.gate,
        )
    return table


def _right(version: "Version") -> dict[str, float]:
    """Gives the share of pictures that are wholly right, for each split.

    Where no scene is known, it is the share whose caption is picked among others.
    """
    # A model of known scenes has both figures, and the first is the one that counts.
    for wanted in ("all_correct", "r_precision"):
        by_split: dict[str, list[float]] = {}
        for path, value in version.figures.items():
            group, *rest = path.split("/")
            if group == "alignment" and rest[-1] == wanted:
                by_split.setdefault(rest[0], []).append(value)
        if by_split:
            return {split: sum(of) / len(of) for split, of in by_split.items()}
    return {}


def _aliases(version: "Version") -> str:
    return " ".join(version.aliases)
