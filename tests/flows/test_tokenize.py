"""What cannot be tokenized is refused before anything slow."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from flows import overlay, tokenize
from llmvis import storage
from llmvis.errors import MissingStage, TrainingError
from llmvis.records import Caption, Example

PARAMS = Path(__file__).parents[2] / "params.yaml"


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copy(PARAMS, tmp_path)


def ingested(**counts):
    """Writes that many examples of each split."""
    with (
        storage.staged(tokenize.EXAMPLES) as folder,
        storage.ExamplesWriter(folder) as writer,
    ):
        for split, count in counts.items():
            for number in range(count):
                writer.add(
                    Example(
                        example_id=f"{split}{number}",
                        image=np.zeros((16, 16, 3), "uint8"),
                        captions=(Caption(text="a bird", lang="en"),),
                        split=split,
                        group_id=str(number),
                        source=f"{number}.png",
                        license="",
                        width=16,
                        height=16,
                    )
                )


def test_no_examples_are_no_examples():
    with pytest.raises(MissingStage, match="llmvis ingest"):
        tokenize.tokenize()


def test_a_set_too_small_to_hold_any_picture_out_says_how_many_are_needed():
    ingested(train=2)

    with pytest.raises(TrainingError, match=r"no split validation.*than three.*Add"):
        tokenize.tokenize()


def test_fewer_pictures_than_a_batch_are_refused_with_both_numbers():
    ingested(train=20, validation=1)
    overlay.keep({"tokenize": {"batch_size": 16}})

    with pytest.raises(TrainingError, match=r"are 20 .*batch takes 32.*until 32"):
        tokenize.tokenize()
