import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from flows import evaluate
from llmvis import config, storage
from llmvis.errors import MismatchError, MissingStage
from llmvis.records import Caption, Example, Refusal

PARAMS = Path(__file__).parents[2] / "params.yaml"


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copy(PARAMS, tmp_path)
    return tmp_path


def test_a_missing_model_is_named_with_the_command_that_makes_it():
    with pytest.raises(MissingStage, match="run `llmvis finish` first"):
        evaluate.evaluate()


def test_a_missing_judge_is_named_with_the_command_that_makes_it(project):
    (project / "data/model").mkdir(parents=True)

    with pytest.raises(MissingStage, match="run `llmvis judge` first"):
        evaluate.evaluate()


def test_a_model_of_other_tokens_is_refused(project):
    (project / "data/tokens").mkdir(parents=True)
    (project / "data/tokens/codes.bin").write_bytes(b"other codes")

    with pytest.raises(MismatchError, match="trained on tokens 0123"):
        evaluate._check_tokens(SimpleNamespace(about={"tokens": "0123"}))


def _example(number, split, license_):
    return Example(
        example_id=f"{number:064}",
        image=np.zeros((4, 4, 3), "uint8"),
        captions=(Caption(text="a bird", lang="en"),),
        split=split,
        group_id=str(number),
        source=f"{number}.png",
        license=license_,
        width=4,
        height=4,
    )


def test_a_report_says_what_it_was_made_from(project):
    with (
        storage.staged(evaluate.EXAMPLES) as folder,
        storage.ExamplesWriter(folder) as writer,
    ):
        writer.add(_example(0, "train", "CC0"))
        writer.add(_example(1, "train", "CC0"))
        writer.add(_example(2, "test_seen", "unknown"))
        writer.refuse(Refusal(source="3.png", reason="empty", fix="fill it"))
    for part in (evaluate.JUDGE, evaluate.MODEL):
        (project / part).mkdir()
    model = SimpleNamespace(
        family="gan", num_parameters=2_000_000, about={"tokens": "0123"}
    )
    facts = evaluate._facts(model, SimpleNamespace(name="scenes"), config.read())

    assert facts["data set"] == "scenes, 2 training pictures"
    assert facts["refused"] == "1 of 4 items"
    assert facts["splits"] == "test_seen 1, train 2"
    assert facts["licenses"] == "CC0 2, unknown 1"
    assert facts["commit"] == "not in git"
