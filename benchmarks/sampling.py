"""How fast a model draws, and whether its memory stays flat.

    uv run python benchmarks/sampling.py
    uv run python benchmarks/sampling.py --model models:/llmvis@champion

Pictures are drawn as `sampling` in params.yaml says. Times are medians, beside the
machine's own matrix-product rate in the same run. `llmvis generate` is timed from the
shell, and so is the import of TensorFlow, in turns.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from itertools import product
from pathlib import Path

import machine
import psutil
from machine import timed

from llmvis import config, environment

ROUNDS, ALONE, STARTS = 5, 30, 3
BATCH = 64
COLORS, THINGS = ("red", "blue", "green", "yellow"), ("bird", "flower", "house", "cup")


def main() -> None:
    """Prints one line for each figure."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--model", default="data/model")
    options.add_argument("--num-pictures", type=int, default=10_000)
    given = options.parse_args()
    environment.prepare()
    shell(given.model)  # first, while this process holds no memory of TensorFlow
    warm(given.model, given.num_pictures)


def shell(model: str) -> None:
    """Times `llmvis generate` in processes of its own."""
    importing, drawing = [], []
    with tempfile.TemporaryDirectory() as folder:
        picture = str(Path(folder, "bird.png"))
        generate = ["generate", "a blue bird", "--model", model, "-o", picture]
        program = [sys.executable, "-c", "from llmvis.cli import main; main()"]
        for _ in range(STARTS):
            importing.append(timed_process([sys.executable, "-c", "import tensorflow"]))
            drawing.append(timed_process([*program, *generate]))
    took, tensorflow = statistics.median(drawing), statistics.median(importing)
    print(f"import of TensorFlow: {tensorflow:.1f} s")
    over = took - tensorflow
    print(f"llmvis generate, from the shell: {took:.1f} s, {over:.1f} s over that")


def warm(address: str, num_pictures: int) -> None:
    """Times a model that is loaded and compiled, and looks at its memory."""
    from llmvis.model_registry import versions

    model, version = versions.load(address)
    sampling = config.read().sampling
    prompts = [f"a {color} {thing}" for color, thing in product(COLORS, THINGS)]
    prompts = (prompts * BATCH)[:BATCH]

    def draw(size, seed):
        model.generate(prompts[:size], list(range(seed, seed + size)), sampling)

    draw(1, 0)
    draw(BATCH, 0)
    products = machine.MatrixProducts()
    rates, alone, batches = [], [], []
    for seed in range(ROUNDS):
        rates.append(products.rate())
        alone += [timed(lambda at=seed: draw(1, at)) for _ in range(ALONE // ROUNDS)]
        batches.append(timed(lambda at=seed: draw(BATCH, at)))
    print(f"{version.label} ({model.family}) on {os.cpu_count()} cores")
    rate = statistics.median(rates)
    print(machine.said(rate))
    print(f"one picture: {statistics.median(alone) * 1e3:.0f} ms")
    print(f"batches of {BATCH}: {BATCH / statistics.median(batches):.0f} pictures/s")
    memory(draw, num_pictures)


def memory(draw, num_pictures: int) -> None:
    """Prints what the process holds at the start, in the middle and at the end."""
    process, held = psutil.Process(), []
    looks = {0, num_pictures // BATCH // 2, num_pictures // BATCH}
    for number in range(num_pictures // BATCH + 1):
        if number in looks:
            held.append(process.memory_info().rss / 2**20)
        if number < num_pictures // BATCH:
            draw(BATCH, number * BATCH)
    figures = ", ".join(f"{mebibytes:.0f}" for mebibytes in held)
    print(f"memory over {num_pictures:,} pictures: {figures} MiB")


def timed_process(command: list[str]) -> float:
    """Seconds that a process takes, which must end well."""
    return timed(lambda: subprocess.run(command, check=True, capture_output=True))


if __name__ == "__main__":
    main()
