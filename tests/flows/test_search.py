"""A search, over stages of a few lines, and once over all of them."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import optuna
import pandas as pd
import pytest

from flows import experiment_plan, lock, search, study
from flows.experiment import experiment
from llmvis import evaluation, sections, storage
from llmvis.errors import ConfigError, DataError, StorageError
from llmvis.evaluation import alignment
from llmvis.png import encode_png

ROOT = Path(__file__).parents[2]

DVC_YAML = """
stages:
  train:
    cmd: python train.py
    params: [train]
    deps: [train.py]
    outs:
      - data/model
      - data/training: {persist: true}
  evaluate:
    cmd: python evaluate.py
    params: [evaluate.splits]
    deps: [evaluate.py, data/model, data/training/curves.csv]
    outs: [data/report]
"""

# The loss is least at two layers; five layers fail, and the second hangs where told.
TRAIN = """
import time
from pathlib import Path
from flows import progress
from flows.__main__ import end_with_supervisor
from llmvis import sections
end_with_supervisor()
train = sections.read_yaml(Path("params.yaml"))["train"]
name = f"{train['num_layers']}/{train['learning_rate']}"
runs = Path("runs.txt")
if train["num_layers"] == 5:
    progress.fail("Too deep.")
    raise SystemExit(2)
if runs.exists() and Path("hang").exists():
    Path("started").write_text(name)
    time.sleep(300)
with runs.open("a") as log:
    log.write(name + "\\n")
loss = abs(train["num_layers"] - 2) + train["learning_rate"]
training = Path("data/training")
training.mkdir(parents=True, exist_ok=True)
(training / "curves.csv").write_text(
    f"step,seconds,loss,validation_loss\\n20,3.5,2.0,\\n40,7.0,1.0,{loss}\\n")
Path("data/model").mkdir(parents=True)
Path("data/model/file").write_text(name)
"""

EVALUATE = """
import shutil
shutil.copytree("made_report", "data/report")
"""

PLAN = """
name: some
search:
  num_trials: NUM
  score: validation_loss
  keys:
    train.learning_rate: {low: 0.001, high: 0.01, log: true}
    train.num_layers: {low: 2, high: 4}
"""

RUN = "from llmvis.cli import main; main()"


@pytest.fixture
def made(project, monkeypatch):
    """A project whose report has one split, `validation`, half of it right."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{project.root}/mlflow.db")
    for name, text in (
        ("dvc.yaml", DVC_YAML),
        ("train.py", TRAIN),
        ("evaluate.py", EVALUATE),
    ):
        project.write(name, text)
    rows = pd.DataFrame(
        {
            "split": "validation",
            "lang": "en",
            "prompt": f"prompt {i}",
            "example_id": str(i),
            "seed": i,
            "r_precision": float(i % 2),
            "image": {
                "bytes": encode_png(np.full((8, 8, 3), 90, dtype="uint8")),
                "path": f"{i}.png",
            },
        }
        for i in range(8)
    )
    folder = project.root / "made_report"
    folder.mkdir()
    metrics = {
        "alignment": alignment.scores(rows, seed=0),
        "cost": {"parameters": 100, "seconds_per_picture": 0.01},
    }
    storage.write_json(folder / "metrics.json", evaluation.plain(metrics))
    storage.write_json(folder / "facts.json", {"judge files": "a", "examples": "b"})
    rows.to_parquet(folder / "prompts.parquet")
    return project


@pytest.fixture
def plan(made):
    def plan(num_trials, *changes):
        text = PLAN.replace("NUM", str(num_trials))
        for before, after in changes:
            text = text.replace(before, after)
        made.write("rows.yaml", text)
        return experiment_plan.read(Path("rows.yaml"))

    return plan


def trained(project):
    found = project.root / "runs.txt"
    return found.read_text().split() if found.exists() else []


def test_a_killed_search_goes_on_where_it_was_and_draws_the_same(made, plan):
    whole = plan(4)
    undisturbed = experiment(whole)
    in_peace = trained(made)
    shutil.rmtree(undisturbed.folder)
    shutil.rmtree(made.root / ".dvc/cache")
    (made.root / "runs.txt").unlink()

    made.write("hang", "")
    process = made.start("-c", RUN, "experiment", "rows.yaml")
    made.wait_until(lambda: (made.root / "started").exists(), seconds=150)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    made.wait_until(lambda: not made.processes(), seconds=30)
    lock.recover()
    assert trained(made) == in_peace[:1]

    (made.root / "hang").unlink()
    process = made.start("-c", RUN, "experiment", "rows.yaml")
    assert process.wait() == 0, made.read("said.txt")
    assert trained(made) == in_peace
    assert len(set(in_peace)) == 4
    assert in_peace[0] == "3/0.0028"  # what params.yaml says comes first
    assert made.read("started") == in_peace[1]

    # And a third time there is nothing to do, also where the code has changed.
    made.write("train.py", TRAIN + "\n")
    assert not experiment(whole).failures
    assert trained(made) == in_peace

    # Until more trials are asked for.
    experiment(plan(5))
    assert trained(made)[:4] == in_peace
    assert len(trained(made)) == 5


def test_a_search_tells_on_the_page_and_in_the_tables_which_trial_is_best(plan):
    outcome = experiment(plan(3))
    content = storage.read_json(outcome.folder / "results.json", "experiment")
    table = pd.read_csv(outcome.folder / "results.csv", index_col="row")
    page = (outcome.folder / "index.html").read_text("utf-8")
    best = table["validation_loss"].idxmin()

    assert list(table.index) == ["trial1", "trial2", "trial3"]
    losses = (table["train.num_layers"] - 2).abs() + table["train.learning_rate"]
    assert table["validation_loss"].tolist() == pytest.approx(losses.tolist())
    assert content["main_score"] == "alignment.validation.en.r_precision"
    assert content["search"]["best"] == best
    assert f"{best} <small>the best</small>" in page
    for key in ("trial", "train.learning_rate", "train.num_layers"):
        assert f"Score against {key}<" in page
    again = sections.read_yaml(outcome.folder / search.BEST)
    assert again["train"]["num_layers"] == table.loc[best, "train.num_layers"]
    assert again["train"]["max_seconds"] is None
    assert "evaluate" not in again


def test_a_trial_that_fails_is_told_and_the_next_run_draws_another(made, plan):
    choices = ("{low: 2, high: 4}", "{choices: [5, 4]}")
    outcome = experiment(plan(6, choices))
    failed = set(outcome.failures)
    first = len(trained(made))

    assert failed
    assert set(outcome.failures.values()) == {"The `train` stage stopped: Too deep."}
    assert first + len(failed) == 6
    page = (outcome.folder / "index.html").read_text("utf-8")
    assert all(f"{name} failed: " in page for name in failed)
    again = experiment(plan(6, choices))
    assert not failed & set(again.failures)
    assert len(trained(made)) + len(again.failures) == 6


def test_a_report_that_is_gone_is_made_again_and_not_counted_twice(made, plan):
    outcome = experiment(plan(2))
    before = pd.read_csv(outcome.folder / "results.csv")
    shutil.rmtree(outcome.folder / "trial2")
    experiment(plan(2))

    assert trained(made)[2:] == trained(made)[1:2]
    assert (outcome.folder / "trial2/trial.json").exists()
    pd.testing.assert_frame_equal(pd.read_csv(outcome.folder / "results.csv"), before)


def test_other_params_are_another_search(made, plan):
    experiment(plan(2))
    experiment(plan(2, ("name: some", "name: some\nset: {train: {weight_decay: 0.2}}")))

    assert len(trained(made)) == 4


def test_a_score_that_no_report_has_ends_the_search_with_those_there_are(made, plan):
    wrong = ("validation_loss", "alignment.validation.zh.r_precision")
    with pytest.raises(DataError, match=r"There are: alignment\.validation\.en\.r_"):
        experiment(plan(4, wrong))

    assert len(trained(made)) == 1


def test_values_that_params_refuse_are_drawn_and_passed_over(plan):
    # The params have three heads: 192 and 288 can be, and so can none between.
    dims = ("train.num_layers: {low: 2, high: 4}", "train.hidden_dim: DIMS")
    of = ("DIMS", "{low: 192, high: 288, step: 16}")
    outcome = experiment(plan(4, dims, of))

    found = pd.read_csv(outcome.folder / "results.csv")
    assert len(found) == 4
    assert set(found["train.hidden_dim"]) <= {192, 240, 288}


def test_when_everything_was_tried_the_search_is_over(made, plan):
    rates = ("{low: 0.001, high: 0.01, log: true}", "{choices: [0.002, 0.004]}")
    outcome = experiment(plan(6, rates))

    assert not outcome.failures
    assert len(set(trained(made))) == 6


def test_a_study_that_cannot_be_read_is_named(made, plan):
    made.write("data/experiments/some/study.db", "no database at all" * 100)
    with pytest.raises(StorageError, match=r"study\.db cannot be read"):
        experiment(plan(2))


def test_without_optuna_the_command_that_installs_it_is_named(plan, monkeypatch):
    monkeypatch.setattr(study, "find_spec", lambda _: None)
    with pytest.raises(ConfigError, match="uv sync --extra search"):
        experiment(plan(2))


REAL = """
name: real
num_steps: 20
set:
  ingest: {image_size: 32, num_train_scenes: 200, num_test_scenes: 20}
  tokenize: {hidden_dim: 16, num_steps: 10}
  train: {hidden_dim: 16, num_layers: 1, num_heads: 2, validate_every: 1000}
  judge: {num_steps: 5, general_num_steps: 5}
  evaluate: {num_prompts: 4, seeds_per_prompt: 1}
search:
  num_trials: 3
  score: validation_loss
  keys:
    train.learning_rate: {low: 0.001, high: 0.01, log: true}
    train.text_encoder: {choices: [transformer, gru]}
"""


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_search_of_real_trainings_is_killed_and_taken_up_again(tmp_path, monkeypatch):
    for name in ("dvc.yaml", "params.yaml", ".dvcignore"):
        shutil.copy(ROOT / name, tmp_path / name)
    for name in ("llmvis", "flows"):
        shutil.copytree(ROOT / name, tmp_path / name)
    (tmp_path / "data/raw").mkdir(parents=True)
    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvc/config").write_text("[core]\n    no_scm = true\n")
    (tmp_path / "real.yaml").write_text(REAL)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    command = [sys.executable, "-c", RUN, "experiment", "real.yaml"]
    folder = tmp_path / "data/experiments/real"
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    for line in process.stderr:  # what `progress` says
        if line.startswith("Trial 2"):
            break
    process.send_signal(signal.SIGINT)
    process.communicate()
    kept = (folder / "trial1/trial.json").read_text()
    assert not (folder / "index.html").exists()
    assert subprocess.run(command, cwd=tmp_path, check=False).returncode == 0

    table = pd.read_csv(folder / "results.csv", index_col="row")
    assert list(table.index) == ["trial1", "trial2", "trial3"]
    assert table["validation_loss"].between(0, 100).all()
    assert {name.split(".")[0] for name in table if ".en." in name} == {"validation"}
    assert (folder / "trial1/trial.json").read_text() == kept
    kept_study = optuna.storages.RDBStorage(f"sqlite:///{folder}/study.db")
    loaded = optuna.load_study(study_name=None, storage=kept_study)
    assert [trial.state.name for trial in loaded.trials] == ["COMPLETE"] * 3
    kept_study.engine.dispose()
