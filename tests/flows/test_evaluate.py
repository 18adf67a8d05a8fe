import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from flows import evaluate
from llmvis.errors import MismatchError, MissingStage

PARAMS = Path(__file__).parents[2] / "params.yaml"


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copy(PARAMS, tmp_path)
    return tmp_path


def test_a_missing_model_is_named_with_the_command_that_makes_it():
    with pytest.raises(MissingStage, match="run `llmvis train` first"):
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
