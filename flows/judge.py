"""examples -> judge: trains what judges pictures, from the examples alone."""

from pathlib import Path

from flows import progress
from llmvis import config, storage
from llmvis.records import Caption, Scene

EXAMPLES, JUDGE = Path("data/examples"), Path("data/judge")


def judge() -> None:
    """Trains the judges and writes them with their own measured error.

    Raises:
        MissingStage: data/examples is empty.
        DataError: A split is missing.
        TrainingError: A loss diverged.
    """
    params = config.read().judge
    names = storage.splits(EXAMPLES)
    progress.report(0, params.num_steps, "reading the examples")
    # TensorFlow takes ten seconds to import, so errors above come first.
    from llmvis.judges.training import train_judge

    with storage.staged(JUDGE) as staging, storage.scratch() as scratch:
        splits = {name: read_split(name, scratch / name) for name in names}
        trained = train_judge(
            splits, storage.fingerprint(EXAMPLES), params, progress.report
        )
        trained.save(staging)


def read_split(split: str, unpacked: Path):
    """Reads one split, its pictures unpacked into a scratch file."""
    from llmvis.judges.training import Pairs

    table = storage.read_table(EXAMPLES, split, ["captions", "scene"])
    scenes = [Scene.from_json(text) for text in table.scene if text]
    return Pairs(
        images=storage.unpack_images(EXAMPLES, split, unpacked),
        captions=[
            [Caption(**caption) for caption in of_one] for of_one in table.captions
        ],
        scenes=scenes if len(scenes) == len(table) else [],
    )
