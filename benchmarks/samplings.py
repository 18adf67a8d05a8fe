"""Whole prompts right under several ways of drawing, for a model that is there.

    uv run python benchmarks/samplings.py --guidance-scales 1.5 3 --temperatures 0.2 1
    uv run python benchmarks/samplings.py --train masked --num-steps 1000

Takes data/examples, data/judge, and data/model; or, with --train, data/tokens, and
trains that family for so many steps first. Prompts are of `validation`, half English
and half Chinese, as in quality_by_time.py; the scene judge reads what is drawn.
"""

import argparse
import dataclasses
import itertools
from pathlib import Path

import pandas as pd
from quality_by_time import SAMPLING, TOKENS, prepared, train

from llmvis import config

MODEL = Path("data/model")


def main() -> None:
    """Prints a row for each way of drawing."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--guidance-scales", nargs="+", type=float, default=[1.5, 3])
    options.add_argument("--temperatures", nargs="+", type=float, default=[0.2, 1])
    options.add_argument("--num-steps-drawing", nargs="+", type=int, default=[12])
    options.add_argument("--train", metavar="FAMILY")
    options.add_argument("--num-steps", type=int, default=1000)
    chosen = options.parse_args()
    model, rows = loaded(chosen.train, chosen.num_steps), []
    usual = dataclasses.replace(
        config.read().sampling, **SAMPLING.get(model.family, {})
    )
    score = prepared(model)
    for guidance_scale, temperature, num_steps in itertools.product(
        chosen.guidance_scales, chosen.temperatures, chosen.num_steps_drawing
    ):
        row = {
            "guidance_scale": guidance_scale,
            "temperature": temperature,
            "num_steps": num_steps,
        }
        rows.append({**row, **score(dataclasses.replace(usual, **row))})
    print(pd.DataFrame(rows).to_string(index=False))


def loaded(family: str | None, num_steps: int):
    """The model in data/model, or one of a family that is trained for it."""
    from llmvis.text_to_image import TextToImage

    if family is None:
        return TextToImage.load(MODEL)
    from llmvis.training import assembly

    settings = dataclasses.replace(
        config.read().train,
        generator=family,
        num_steps=num_steps,
        validate_every=num_steps,
    )
    model = assembly.assemble(settings, TOKENS)
    train(settings, model)
    return model


if __name__ == "__main__":
    main()
