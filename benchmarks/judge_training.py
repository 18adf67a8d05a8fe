"""Seconds to train both judges, how often they are right, and how fast they read.

    uv run python benchmarks/judge_training.py

Takes data/examples as `llmvis ingest` leaves them and the section `judge` of
params.yaml; writes nothing. On fewer cores: `taskset -c 0-3` in front.
"""

import os
import resource
import time
from pathlib import Path

from flows.judge import read_split
from llmvis import config, storage
from llmvis.judges.training import train_judge

EXAMPLES = Path("data/examples")
NUM_READ = 2000  # pictures of the last split, repeated


def main():
    """Prints one line for each figure."""
    marks = {}

    def progress(done, total, text):
        name = text.split(",")[0]
        marks.setdefault(name, [time.perf_counter(), 0.0])
        if done == total:
            marks[name][1] = time.perf_counter()

    with storage.scratch() as scratch:
        names = storage.splits(EXAMPLES)
        splits = {name: read_split(name, scratch / name) for name in names}
        start = time.perf_counter()
        judge = train_judge(splits, "benchmark", config.read().judge, progress)
        print(f"all: {time.perf_counter() - start:.0f} s on {os.cpu_count()} cores")
        for name, (begun, ended) in marks.items():
            print(f"{name}: {ended - begun:.0f} s after its first step")
        print_errors(judge.error)
        images = splits[names[-1]].images[:NUM_READ]
        print_speed(judge, images)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"peak memory: {peak:.1f} GiB")


def print_errors(error):
    """Prints how often each judge is right on what it never saw."""
    for split, figures in error["scene"].items():
        right, wrong = figures["all_correct"], figures["rejects_wrong"]
        print(
            f"{split}: {right['value']:.4f} of {right['n']} pictures fully right "
            f"[{right['low']:.4f}, {right['high']:.4f}], {wrong['value']:.4f} of wrong "
            f"prompts noticed, calibration error {figures['calibration_error']:.4f}"
        )
    for split, langs in error["general"].items():
        for lang, figures in langs.items():
            shares = ", ".join(f"{k} {v['value']:.3f}" for k, v in figures.items())
            print(f"{split} {lang} (n {figures['r_precision']['n']}): {shares}")


def print_speed(judge, images):
    """Prints pictures a second of everything that an evaluation asks of a judge."""
    for name, read in {
        "reads": judge.read if judge.scene else judge.features,
        "features": judge.features,
        "embeds": judge.general.embed_images,
    }.items():
        read(images)  # compiles
        start = time.perf_counter()
        read(images)
        print(f"{name}: {len(images) / (time.perf_counter() - start):.0f} pictures/s")


if __name__ == "__main__":
    main()
