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

    A fresh process draws with it first. The champion before it stays at hand as
    `previous`, see `llmvis rollback`.

    \b
    Examples:
      llmvis promote 3
      llmvis promote 3 --reason "draws fish better"
    """
    with project.entered() as params:
        from llmvis.model_registry import champions

        chosen = champions.promote(name or params.register.name, version, reason)
    typer.echo(f"{chosen.label} is the champion.")


def rollback(name: _Name = None) -> None:
    """Make the previous champion the champion again.

    Where `llmvis serve` or `llmvis up` runs in this folder, that does it, at once.

    \b
    Example:
      llmvis rollback
    """
    with project.entered() as params:
        from llmvis.model_registry import standby

        chosen = name or params.register.name
        label = standby.roll_back(chosen)
        if label is None:
            from llmvis.model_registry import champions

            label = champions.rollback(chosen).label
    typer.echo(f"{label} is the champion.")


def history(name: _Name = None) -> None:
    """List who made which version the champion, when and why, newest first.

    \b
    Example:
      llmvis history
    """
    with project.entered() as params:
        from llmvis.model_registry import history as lines

        changes = lines.read(name or params.register.name)
    table = Table("when", "from", "to", "who", "why", box=None)
    table.columns[0].no_wrap = True
    for change in changes:
        when = f"{change.when.astimezone():%Y-%m-%d %H:%M:%S}"
        numbers = (str(number or "") for number in (change.before, change.after))
        table.add_row(when, *numbers, change.who, change.why)
    Console().print(table)


def delete(
    version: Annotated[int, typer.Argument(min=1, help="See `llmvis models`.")],
    reason: Annotated[str, typer.Option(help="Kept in the history.")] = "by hand",
    name: _Name = None,
) -> None:
    """Delete a version that has no alias.

    \b
    Example:
      llmvis delete 3 --reason "trained on pictures we may not use"
    """
    with project.entered() as params:
        from llmvis.model_registry import champions

        champions.delete(name or params.register.name, version, reason)
    typer.echo(f"Version {version} is deleted; its run is kept.")


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


def reproduce(
    version: Annotated[int, typer.Argument(min=1, help="See `llmvis models`.")],
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", resolve_path=True, help="A new folder."),
    ] = None,
    name: _Name = None,
) -> None:
    """Make a version again from its data, params and code, and compare the figures.

    It takes as long as the version took. Exit code 1 says that the main score came out
    outside the interval it was registered with.

    \b
    Examples:
      llmvis reproduce 3
      llmvis reproduce 3 -o ../again
    """
    with project.entered() as params:
        from flows import reproduce as repetition
        from llmvis.model_registry import versions

        chosen = versions.resolve(f"models:/{name or params.register.name}/{version}")
        folder = output or Path("runs", f"{chosen.name}-{version}").resolve()
        made = repetition.reproduce(chosen, folder)
    typer.echo(
        f"{made.main_score} was {made.value:.3f} ({made.low:.3f} to {made.high:.3f}) "
        f"and is {made.again:.3f}; {made.num_inside} of {made.num_figures} figures are "
        f"in their intervals. {folder / 'data/report/index.html'}"
    )
    raise typer.Exit(0 if made.agrees else 1)


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
    and seeds that both reports have are compared, and both must be by one judge.

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
        evaluation.check_comparable(
            evaluation.read_facts(folder_a), evaluation.read_facts(folder_b)
        )
        comparison = evaluation.compare(*rows, seed=params.evaluate.seed)
        names = (name_a, name_b)
        real = evaluation.read_metrics(folder_b)["real"]
        page = evaluation.render_comparison(comparison, rows, names=names, real=real)
    output.write_text(page, "utf-8")
    Console().print(_gains(comparison, names))
    typer.echo(f"{comparison.num_pairs} pictures of each, side by side: {output}")


COMMANDS = (register, promote, rollback, history, delete, models, compare, reproduce)


def _report(side: str, name: str, place: Path) -> tuple[Path, str]:
    """Finds the report that `side` names, and what to call it."""
    if Path(side).is_dir():
        return Path(side), side
    from llmvis.model_registry import fetching, versions

    place.mkdir()
    version = versions.resolve(f"models:/{name}/{side}" if side.isdigit() else side)
    return fetching.fetch_report(version, place), version.label


def _gains(comparison: "Comparison", names: tuple[str, str]) -> Table:
    # Folders have long names, and a terminal is narrow.
    wins = ("only A right", "only B right")
    table = Table("", "B less A", "95 % interval", "prompts", *wins, box=None)
    table.caption = f"A is {names[0]}, B is {names[1]}."
    for key, gain in comparison.overall.items():
        interval = f"{gain.low:+.3f} to {gain.high:+.3f}"
        won = map(str, comparison.wins.get(key, ()))
        table.add_row(key, f"{gain.value:+.3f}", interval, str(gain.n), *won)
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
