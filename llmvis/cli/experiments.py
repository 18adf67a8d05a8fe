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
            help="A YAML file; presets/families.yaml and search.yaml are examples.",
        ),
    ],
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="section.key=value for all rows; may be repeated."),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(help="What the experiment is called in place of the file's name."),
    ] = None,
    seconds: Annotated[
        float | None,
        typer.Option(help="Of training for each row, in place of the file's seconds."),
    ] = None,
    num_steps: Annotated[
        int | None,
        typer.Option(help="Of training for each row, in place of the file's length."),
    ] = None,
    jobs: Annotated[
        int,
        typer.Option(
            "-j",
            "--jobs",
            help="Rows at the same time, each with its share of the cores.",
        ),
    ] = 1,
) -> None:
    """Compare models fairly: several rows of params, one page.

    FILE has a name, what all rows have (set), the values to combine (matrix), further
    rows (also), what else a row with some value gets (with), and how long each is
    trained: num_steps, or seconds, which are turned into steps by timing some. Every
    row goes through train, judge and evaluate. What was done already is not done
    again, and a killed experiment goes on where it was. With --jobs several rows of
    num_steps are at work at the same time, each in a clone of this project with its
    share of the cores; seconds are those of a row that has the machine to itself.

    With a section search in place of matrix and also, Optuna draws the rows: num_trials
    of them, each from what the ones before came to on the validation split (score:
    validation_loss or alignment.validation.LANG.MEASURE). The best one's params are
    written to data/experiments/NAME/best.yaml.

    params.yaml, data/model and data/report are as before when it is over. Exit code 1
    says that a row failed.

    \b
    Examples:
      llmvis experiment presets/families.yaml
      llmvis experiment presets/families.yaml --name families-600 --seconds 600
      llmvis experiment presets/text_encoders.yaml --num-steps 3000 --jobs 2
      llmvis experiment layers.yaml
      llmvis experiment presets/search.yaml
      llmvis experiment presets/search.yaml --name search-vae --set train.generator=vae
      llmvis pipeline --params data/experiments/search/best.yaml

    \b
    With layers.yaml:
      name: layers
      num_steps: 2000
      matrix:
        train.num_layers: [2, 3, 4]
        train.seed: [0, 1]
      also:
        - {train.generator: vae}
      with:
        train.generator:
          vae: {sampling: {guidance_scale: 1.0, temperature: 0.7}}

    \b
    A search instead:
      name: rates
      num_steps: 2000
      search:
        num_trials: 20
        score: validation_loss
        keys:
          train.learning_rate: {low: 0.001, high: 0.01, log: true}
          train.num_layers: {low: 2, high: 6}
          train.text_encoder: {choices: [transformer, lstm]}
    """
    with project.entered():
        from flows import experiment_plan, overlay
        from flows.experiment import experiment as run

        changes = overlay.read_settings(settings or [])
        length = {"seconds": seconds, "num_steps": num_steps}
        outcome = run(experiment_plan.read(file, changes, name, length), jobs)
        _say(outcome.folder)
    raise typer.Exit(1 if outcome.failures else 0)


COMMANDS = (experiment,)


def _say(folder: Path) -> None:
    found = folder / "results.json"
    if not found.exists():
        return
    content = json.loads(found.read_text("utf-8"))
    _, split, lang, measure = content["main_score"].split(".")
    search = content.get("search")
    table = Table("model", "95 % interval", "parameters", "steps", "s", box=None)
    if search:
        table.add_column(search["score"])
    for row in content["rows"]:
        is_best = bool(search) and row["name"] == search["best"]
        table.add_row(
            row["name"],
            *_cells(row, split, lang),
            *_score(row, search),
            style="bold" if is_best else None,
        )
    table.caption = f"The intervals are of {measure}, {split}, {lang}."
    Console().print(table)
    if search:
        best = folder / "best.yaml"
        typer.echo(f"{search['best']} is best: llmvis pipeline --params {best}")
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


def _score(row: dict, search: dict | None) -> list[str]:
    if search is None or row["name"] not in search["scores"]:
        return []
    return [f"{search['scores'][row['name']]:.4g}"]
