"""Learning rates and batch sizes for families of generators, a short training each.

    uv run python benchmarks/learning_rates.py --families vae gan --num-pictures 5000

Takes data/examples, data/tokens and data/judge as `llmvis judge` and `llmvis tokenize`
leave them. Both learning rates of params.yaml are multiplied by the same factor; every
training sees as many pictures, so small batches make more steps. The scene judge reads
200 pictures of `validation` prompts at the end. `questions` is the mean share of a
prompt's questions that the picture answers rightly: it tells trainings apart that draw
no whole prompt right.
"""

import argparse
import dataclasses
import itertools

import pandas as pd
from quality_by_time import train

from llmvis import config
from llmvis.errors import DivergedError


def main() -> None:
    """Prints a row for each training, all of them anew after each."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--families", nargs="+", required=True)
    options.add_argument("--num-pictures", type=int, default=5000)
    options.add_argument("--factors", nargs="+", type=float, default=[0.25, 0.5, 1, 2])
    options.add_argument("--batch-sizes", nargs="+", type=int, default=[32, 16])
    chosen = options.parse_args()
    usual, rows = config.read().train, []
    for family, batch_size, factor in itertools.product(
        chosen.families, chosen.batch_sizes, chosen.factors
    ):
        num_steps = chosen.num_pictures // batch_size
        row = {
            "generator": family,
            "batch_size": batch_size,
            "learning_rate": usual.learning_rate * factor,
            "adam_learning_rate": usual.adam_learning_rate * factor,
            "num_steps": num_steps,
        }
        settings = dataclasses.replace(usual, **row, validate_every=num_steps)
        rows.append({**row, **outcome(settings)})
        print(pd.DataFrame(rows).to_string(index=False), flush=True)


def outcome(settings: config.TrainConfig) -> dict:
    """What a training comes to at its end."""
    try:
        last = train(settings)[-1]
    except DivergedError:
        return {"all_correct": float("nan")}
    return {key: last[key] for key in ("seconds", "all_correct", "questions")}


if __name__ == "__main__":
    main()
