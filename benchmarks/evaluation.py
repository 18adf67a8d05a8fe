"""Seconds and memory of a report on 1,000 prompts in two languages, drawing apart.

    uv run python benchmarks/evaluation.py

Takes data/examples and data/judge as `llmvis judge` leaves them. The "model" hands out
real test pictures, so that everything but the drawing is measured.
"""

import resource
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from llmvis import config, evaluation, judges, storage
from llmvis.records import Sample

EXAMPLES, JUDGE = Path("data/examples"), Path("data/judge")
NUM_PROMPTS = 1000  # of one split, in each of two languages


class RealPictures:
    """Stands where a model does, and gives out pictures of the test split."""

    num_parameters, family = 0, "real pictures"
    finisher = None

    def __init__(self, images: np.ndarray):
        self._images = images
        self.image_size = self.picture_size = images.shape[1]

    def generate(self, prompts, seeds, sampling):  # noqa: ARG002
        return [
            Sample(
                prompt=prompt,
                seed=seed,
                image=self._images[seed % len(self._images)],
                unknown_words=(),
            )
            for prompt, seed in zip(prompts, seeds, strict=True)
        ]

    def reconstruct(self, images):
        return images // 8 * 8

    def codebooks(self, images):
        return [(images[:, ::8, ::8].reshape(-1) // 64, 4)]

    def score(self, prompts, images):  # noqa: ARG002
        return -images.mean(axis=(1, 2, 3))


def one_split(folder: Path) -> Path:
    """Copies the examples with a single test split, as the goal counts prompts."""
    for name in ("train", "test_seen"):
        (folder / f"{name}.parquet").symlink_to(
            (EXAMPLES / f"{name}.parquet").resolve()
        )
    return folder


def main() -> None:
    """Prints a line for each part, and the whole."""
    params = config.read()
    params = replace(
        params,
        evaluate=replace(params.evaluate, num_prompts=NUM_PROMPTS, seeds_per_prompt=1),
    )
    judge = judges.load(JUDGE)
    started = time.perf_counter()

    def progress(done, total, text):
        if done == 0 or total < 10:
            print(f"{time.perf_counter() - started:6.1f} s  {text}")

    with storage.scratch() as scratch:
        examples = one_split(scratch)
        judge = replace(judge, examples=storage.fingerprint(examples))
        model = RealPictures(storage.read_images(examples, "test_seen"))
        findings = evaluation.evaluate(model, judge, examples, params, progress)
        report = scratch / "report"
        report.mkdir()
        facts = {"model": model.family, "data set": params.ingest.source}
        evaluation.write(findings, report, scratch, facts)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"{time.perf_counter() - started:6.1f} s  in all, {len(findings.rows)} pictures"
    )
    print(f"{peak:6.2f} GiB at most")


if __name__ == "__main__":
    main()
