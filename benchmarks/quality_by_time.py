"""Whole prompts right against seconds of training, for each family of generators.

    uv run python benchmarks/quality_by_time.py --seconds 300 -o docs/quality.png
    uv run python benchmarks/quality_by_time.py --families autoregressive vae

Takes data/examples, data/tokens and data/judge as `llmvis judge` and `llmvis tokenize`
leave them. Prompts are of `validation`, half English and half Chinese; the scene judge
reads what is drawn. Every family has the settings of params.yaml and learning rates
that fall over the whole time, so that a point before the last says less than a shorter
training would have reached. Seconds are of training steps alone, after compilation.
"""

import argparse
import dataclasses
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd

from llmvis import config, judges, storage
from llmvis.errors import PromptError
from llmvis.prompts.parse import parse

EXAMPLES, TOKENS, JUDGE = Path("data/examples"), Path("data/tokens"), Path("data/judge")
NUM_PROMPTS, NUM_POINTS = 200, 6
# Families that draw pixels have no codes to be unsure of; these are their usual values.
SAMPLING = {
    "flow_matching": {"guidance_scale": 2.0, "num_steps": 24},
    "vae": {"guidance_scale": 1.0, "temperature": 0.7},
    "gan": {"guidance_scale": 1.0},
    "regression": {"guidance_scale": 1.0},
}


def main() -> None:
    """Writes a CSV file and a picture beside it."""
    from llmvis.training.build import GENERATORS

    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--families", nargs="+", default=list(GENERATORS))
    options.add_argument("--seconds", type=float, default=300.0)
    options.add_argument("-o", "--output", type=Path, default=Path("quality.png"))
    chosen = options.parse_args()
    table = chosen.output.with_suffix(".csv")
    known = pd.read_csv(table) if table.exists() else pd.DataFrame()
    for family in chosen.families:
        points = pd.DataFrame(train_for(family, chosen.seconds))
        if len(known):
            known = known[known.family != family]
        known = pd.concat([known, points], ignore_index=True)
        known.to_csv(table, index=False)
        show(known, chosen.output)


def train_for(family: str, seconds: float) -> list[dict]:
    """Trains one family for so long, and draws on the way."""
    from llmvis.training.pace import seconds_per_step

    settings = dataclasses.replace(config.read().train, generator=family)
    of_one = seconds_per_step(settings, TOKENS, EXAMPLES, lambda *_: None)
    num_steps = int(seconds / of_one)
    every = max(1, num_steps // NUM_POINTS)
    return train(
        dataclasses.replace(settings, num_steps=num_steps, validate_every=every)
    )


def train(settings: config.TrainConfig, model=None) -> list[dict]:
    """Trains a model, or one of its own, and draws at every validation."""
    from llmvis.training import assembly, fit, generators

    params, family = config.read(), settings.generator
    with storage.scratch() as scratch:
        model = model or assembly.assemble(settings, TOKENS)
        data = assembly.training_set(model, TOKENS, EXAMPLES, scratch)
        batch_at = generators._batches(model.generator, settings, data).at
        sampling = dataclasses.replace(params.sampling, **SAMPLING.get(family, {}))
        score, clock, points = prepared(model), Clock(), []

        def on_validation(step):
            with clock.stopped():
                shares = score(sampling)
            point = {"family": family, "step": step, "seconds": round(clock.seconds, 1)}
            points.append({**point, **shares})
            print(points[-1], flush=True)

        fit.fit(
            model.generator,
            batch_at,
            generators._plan(settings),
            fit.Observer(on_step=clock.tick, on_validation=on_validation),
            checkpoint_folder=None,
            made_from="",
        )
    return points


class Clock:
    """Counts the seconds between steps, without the first step and without pauses."""

    def __init__(self):
        self.seconds, self._last = 0.0, None

    def tick(self, step: int, loss: float) -> None:  # noqa: ARG002
        """Hears of every step."""
        now = time.perf_counter()
        self.seconds += now - self._last if self._last else 0.0
        self._last = now

    @contextmanager
    def stopped(self):
        """Lets no time pass while the body runs."""
        start = time.perf_counter()
        yield
        self._last += time.perf_counter() - start


def prepared(model):
    """From a way of drawing the prompts to the shares that are right."""
    judge, prompts, scenes = judges.load(JUDGE), [], []
    table = storage.read_table(EXAMPLES, "validation", ["captions"])
    for row, captions in enumerate(table.captions[:NUM_PROMPTS]):
        lang = ("en", "zh")[row % 2]
        prompt = next(one["text"] for one in captions if one["lang"] == lang)
        try:
            scenes.append(parse(prompt))
        except PromptError:
            continue
        prompts.append(prompt)

    def score(sampling) -> dict[str, float]:
        samples = model.generate(prompts, list(range(len(prompts))), sampling)
        images = np.stack([sample.image for sample in samples])
        answered = judge.judge_scenes(images, scenes)
        held = [[verdict.holds for verdict in each] for each in answered]
        return {
            "all_correct": float(np.mean([all(each) for each in held])),
            "questions": float(np.mean([np.mean(each) for each in held])),
        }

    return score


def show(points: pd.DataFrame, output: Path) -> None:
    """Draws one line for each family."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    for family, line in points.groupby("family", sort=False):
        axes.plot(line.seconds, 100 * line.all_correct, marker="o", label=family)
    axes.set(
        xlabel="seconds of training",
        ylabel="whole prompt right, %",
        ylim=(-2, 102),
        title="validation prompts, as the scene judge reads them",
    )
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(output, dpi=120)


if __name__ == "__main__":
    main()
