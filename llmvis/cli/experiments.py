"""The command that compares models of a plan: `experiment`."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from llmvis.cli import project


def experiment(
    file: Annotated[
        Path,
        typer.Argument(
            resolve_path=True,
            metavar="FILE",
            help="A YAML file; presets/families.yaml is an example.",
        ),
    ],
) -> None:
    """Compare models fairly: several rows of params, one page.

    FILE has a name, what all rows have (set), the values to combine (matrix), further
    rows (also), and how long each is trained: num_steps, or seconds, which are turned
    into steps by timing some. Every row goes through train, judge and evaluate. What
    was done already is not done again, and a killed experiment goes on where it was.

    params.yaml, data/model and data/report are as before when it is over. Exit code 1
    says that a row failed.

    \b
    Examples:
      llmvis experiment presets/families.yaml
      llmvis experiment layers.yaml

    \b
    With layers.yaml:
      name: layers
      num_steps: 2000
      matrix:
        train.num_layers: [2, 3, 4]
        train.seed: [0, 1]
      also:
        - {train.generator: vae}
    """
    with project.entered():
        from flows import experiment_plan
        from flows.experiment import experiment as run

        outcome = run(experiment_plan.read(file))
        _say(outcome.folder)
    raise typer.Exit(1 if outcome.failures else 0)


COMMANDS = (experiment,)


def _say(folder: Path) -> None:
    found = folder / "results.json"
    if not found.exists():
        return
    content = json.loads(found.read_text("utf-8"))
    _, split, lang, measure = content["main_score"].split(".")
    table = Table("model", "95 % interval", "parameters", "steps", "s", box=None)
    for row in content["rows"]:
        table.add_row(row["name"], *_cells(row, split, lang))
    table.caption = f"The intervals are of {measure}, {split}, {lang}."
    Console().print(table)
    typer.echo(f"{folder.resolve() / 'index.html'}")


def _cells(row: dict, split: str, lang: str) -> list[str]:
    if "failure" in row:
        return ["failed"]
    figure = row["scores"].get(split, {}).get(lang)
    interval = (
        f"{figure['value']:.1%} ({figure['low']:.1%} to {figure['high']:.1%})"
        if figure
        else ""
    )
    counted = (row["parameters"], row["num_steps"], row["training_seconds"])
    return [interval, *(f"{number:,.0f}" for number in counted)]
