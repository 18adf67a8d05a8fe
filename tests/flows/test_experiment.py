"""A comparison of models, over stages of a few lines, and once over all of them."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from flows import dvc_stage, experiment_plan, lock
from flows import experiment as experiment_module
from flows.experiment import experiment
from llmvis import config, evaluation, storage
from llmvis.errors import ConfigError
from llmvis.evaluation import alignment
from llmvis.model_registry import nesting, runs, store
from llmvis.png import encode_png

ROOT = Path(__file__).parents[2]

DVC_YAML = """
stages:
  ingest:
    cmd: python ingest.py
    deps: [ingest.py]
    outs: [data/examples]
  train:
    cmd: python train.py
    params: [train]
    deps: [train.py, data/examples]
    outs:
      - data/model
      - data/training: {persist: true}
  evaluate:
    cmd: python evaluate.py
    params: [train.generator]
    deps: [evaluate.py, data/model, data/training/curves.csv]
    outs: [data/report]
"""

# Seed 7 fails, and seed 1 hangs as long as there is a file `hang`.
TRAIN = """
import os, time
from pathlib import Path
from flows import progress
from flows.__main__ import end_with_supervisor
from llmvis import sections
end_with_supervisor()
train = sections.read_yaml(Path("params.yaml"))["train"]
name = f"{train['generator']}-{train['seed']}"
if train["seed"] == 7:
    progress.fail("Out of ink.")
    raise SystemExit(2)
training = Path("data/training")
training.mkdir(parents=True, exist_ok=True)
checkpoint = training / "checkpoint"
resumed = checkpoint.exists() and checkpoint.read_text() == name
checkpoint.write_text(name)
root = Path(os.environ["ROOT_OF_TEST"])  # a row may be trained in a copy
if train["seed"] == 1 and (root / "hang").exists():
    (root / "started").write_text("")
    time.sleep(300)
with open(root / "runs.txt", "a") as log:
    log.write(name + " resumed "[: 9 * resumed].rstrip() + " ")
checkpoint.unlink()
(training / "curves.csv").write_text("step,seconds,loss\\n20,3.5,2.0\\n40,7.0,1.0\\n")
Path("data/model").mkdir(parents=True)
Path("data/model/file").write_text(f"{name} {train['num_steps']}")
"""

EVALUATE = """
import shutil
from pathlib import Path
from llmvis import sections
train = sections.read_yaml(Path("params.yaml"))["train"]
shutil.copytree(f"reports/{train['generator']}", "data/report")
"""

PLAN = """
name: some
matrix: {train.generator: [autoregressive, regression]}
also: [{train.seed: SEED}]
"""

RUN = "from llmvis.cli import main; main()"


def git(*arguments):
    return subprocess.run(
        ["git", *arguments], check=True, capture_output=True, text=True
    ).stdout.strip()


def write_report(folder, num_right):
    """A report of 20 prompts of which so many are right, where no scene is known."""
    picture = encode_png(np.full((8, 8, 3), 90, dtype="uint8"))
    rows = pd.DataFrame(
        {
            "split": "test",
            "lang": "en",
            "prompt": f"prompt {i}",
            "example_id": str(i),
            "seed": i,
            "r_precision": float(i < num_right),
            "image": {"bytes": picture, "path": f"{i}.png"},
        }
        for i in range(20)
    )
    scores = alignment.scores(rows, seed=0)
    cost = {"parameters": 100 * num_right, "seconds_per_picture": 0.01}
    folder.mkdir(parents=True)
    metrics = evaluation.plain({"alignment": scores, "cost": cost})
    storage.write_json(folder / "metrics.json", metrics)
    storage.write_json(folder / "facts.json", {"judge files": "a", "examples": "b"})
    rows.to_parquet(folder / "prompts.parquet")


@pytest.fixture
def made(project, monkeypatch):
    """The project in git, with a model of its own: autoregressive, seed 5."""
    for person in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{person}_NAME", "test")
        monkeypatch.setenv(f"GIT_{person}_EMAIL", "test@example.com")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{project.root}/mlflow.db")
    monkeypatch.setenv("ROOT_OF_TEST", str(project.root))
    project.write("dvc.yaml", DVC_YAML)
    project.write("train.py", TRAIN)
    project.write("evaluate.py", EVALUATE)
    project.write(".dvc/config", "[core]\n    analytics = false\n")
    project.write(".dvc/.gitignore", "/config.local\n/tmp\n/cache\n")
    project.write(
        ".gitignore",
        "/data\n/made\n/*.txt\n/mlflow.db\n/mlartifacts\n/started\n/hang\n",
    )
    params = project.read("params.yaml").split("train:  ")
    project.write(
        "params.yaml",
        "train:  ".join([params[0], params[1].replace("seed: 0", "seed: 5", 1)]),
    )
    write_report(project.root / "reports/autoregressive", 18)
    write_report(project.root / "reports/regression", 4)
    git("init", "--quiet")
    git("add", "--all")
    git("commit", "--quiet", "--message", "Begin")
    for stage in dvc_stage.needed_for("evaluate"):
        dvc_stage.run_stage(stage)
    project.write("runs.txt", "")
    return project


@pytest.fixture
def plan(made):
    """Three rows; the first is the project's model, the last has that seed."""

    def plan(seed):
        made.write("rows.yaml", PLAN.replace("SEED", str(seed)))
        return experiment_plan.read(Path("rows.yaml"))

    return plan


def record_training(project, name):
    """Keeps in MLflow that a run made the model that train.py makes."""
    folder = project.root / "made" / name
    folder.mkdir(parents=True)
    (folder / "file").write_text(f"{name} {config.read().train.num_steps}")
    with runs.record("train", {}, {}) as run:
        run.made(folder)
    return run.run_id


def state(project):
    return [
        project.read(name)
        for name in (
            "params.yaml",
            "dvc.lock",
            "data/model/file",
            "data/report/facts.json",
        )
    ]


def test_every_row_runs_once_and_the_project_is_as_before(made, plan):
    before = state(made)
    recorded = {
        record_training(made, name)
        for name in ("autoregressive-5", "regression-5", "autoregressive-2")
    }
    outcome = experiment(plan(2))

    assert not outcome.failures
    assert made.read("runs.txt").split() == ["regression-5", "autoregressive-2"]
    assert state(made) == before
    table = pd.read_csv(outcome.folder / "results.csv")
    assert table["row"].tolist() == ["autoregressive", "regression"]
    assert table["test.en.value"].tolist() == [0.9, 0.2]
    assert table["training_seconds"].tolist() == [7.0] * 2
    assert "2 seeds: worst 90" in (outcome.folder / "index.html").read_text()
    saved = git("for-each-ref", "--format=%(refname)", "refs/exps/??/*/*")
    assert {ref.rpartition("/")[2] for ref in saved.split()} == {
        f"some-{row.name}" for row in plan(2).rows
    }

    # Now again, when nothing is to be done.
    experiment(plan(2))
    assert len(made.read("runs.txt").split()) == 2
    assert git("for-each-ref", "--format=%(refname)", "refs/exps/??/*/*") == saved
    assert state(made) == before

    # And MLflow shows the three as one.
    client = store.connect()
    [parent] = client.search_runs(
        [store.experiment_id(client)], f"tags.`{nesting.EXPERIMENT_TAG}` = 'some'"
    )
    nested = client.search_runs(
        [store.experiment_id(client)],
        f"tags.`mlflow.parentRunId` = '{parent.info.run_id}'",
    )
    assert {run.info.run_id for run in nested} == recorded


def test_a_row_that_fails_is_told_and_the_others_go_on(made, plan):
    before = state(made)
    outcome = experiment(plan(7))

    sentence = "The `train` stage stopped: Out of ink."
    assert outcome.failures == {"autoregressive-seed7": sentence}
    assert list(outcome.num_steps) == ["autoregressive-seed5", "regression-seed5"]
    results = storage.read_json(outcome.folder / "results.json", "experiment")
    assert results["rows"][-1]["failure"] == sentence
    assert "Out of ink" in (outcome.folder / "index.html").read_text()
    assert state(made) == before


@pytest.mark.parametrize(
    "number",
    [pytest.param(signal.SIGINT, marks=pytest.mark.slow), signal.SIGKILL],
)
def test_a_stopped_experiment_goes_on_where_it_was(made, plan, number):
    before = state(made)
    plan(1)
    made.write("hang", "")
    process = made.start("-c", RUN, "experiment", "rows.yaml")
    made.wait_until(lambda: (made.root / "started").exists(), seconds=150)
    os.kill(process.pid, number)
    process.wait()
    made.wait_until(lambda: not made.processes(), seconds=30)
    lock.recover()

    assert state(made) == before
    assert not list((made.root / "data/experiments/some").glob("index.html"))
    assert made.read("runs.txt").split() == ["regression-5"]
    (made.root / "hang").unlink()
    process = made.start("-c", RUN, "experiment", "rows.yaml")

    assert process.wait() == 0, made.read("said.txt")
    assert made.read("runs.txt").split() == [
        "regression-5",
        "autoregressive-1",
        "resumed",
    ]
    assert state(made) == before


TWO_JOBS = pytest.mark.skipif(
    not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) < 2,
    reason="--jobs is for Linux, and one core is no place for two rows",
)


@TWO_JOBS
def test_rows_side_by_side_come_to_the_same(made, plan):
    before = state(made)
    made.write("evaluate.py", EVALUATE + "# not committed\n")
    recorded = record_training(made, "regression-5")
    failing = experiment(plan(7), jobs=2)
    outcome = experiment(plan(2), jobs=2)

    sentence = "The `train` stage stopped: Out of ink."
    assert failing.failures == {"autoregressive-seed7": sentence}
    assert not outcome.failures
    assert sorted(made.read("runs.txt").split()) == ["autoregressive-2", "regression-5"]
    assert state(made) == before
    table = pd.read_csv(outcome.folder / "results.csv")
    assert table["test.en.value"].tolist() == [0.9, 0.2]
    assert not (made.root / ".dvc/tmp/rooms").exists()
    saved = git("for-each-ref", "--format=%(refname)", "refs/exps/??/*/*")
    assert f"some-{plan(2).rows[-1].name}" in saved
    assert "# not committed" in git("show", f"{saved.split()[0]}:evaluate.py")
    parent = store.connect().get_run(recorded).data.tags["mlflow.parentRunId"]
    assert store.connect().get_run(parent).data.tags[nesting.EXPERIMENT_TAG] == "some"


@TWO_JOBS
def test_rows_side_by_side_see_what_has_changed_and_leave_the_rest(
    made, plan, monkeypatch
):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///mlflow.db")
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "fetch.prune")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "true")
    git("update-ref", "refs/exps/ab/cdef/mine", "HEAD")
    (made.root / "pictures").mkdir()
    (made.root / "linked").symlink_to(made.root / "pictures")
    recorded = record_training(made, "regression-5")
    experiment(plan(2), jobs=2)
    more = "Path('data/examples/new').touch()\n"
    made.write("ingest.py", made.read("ingest.py") + more)
    made.write("runs.txt", "")
    experiment(plan(2), jobs=2)

    assert sorted(made.read("runs.txt").split()) == [
        "autoregressive-2",
        "autoregressive-5",
        "ingest",
        "regression-5",
    ]
    assert git("rev-parse", "refs/exps/ab/cdef/mine") == git("rev-parse", "HEAD")
    assert "mlflow.parentRunId" in store.connect().get_run(recorded).data.tags


@TWO_JOBS
@pytest.mark.slow
def test_a_row_that_was_killed_beside_another_goes_on_where_it_was(made, plan):
    before = state(made)
    plan(1)
    made.write("hang", "")
    command = ["-c", RUN, "experiment", "rows.yaml", "--jobs", "2"]
    process = made.start(*command)
    made.wait_until(lambda: (made.root / "started").exists(), seconds=150)
    process.kill()
    process.wait()
    rooms = made.root / ".dvc/tmp/rooms"
    made.wait_until(lambda: not made.processes(below=rooms), seconds=30)
    lock.recover()
    assert not rooms.exists()
    (made.root / "hang").unlink()
    process = made.start(*command)

    assert process.wait() == 0, made.read("said.txt")
    assert "autoregressive-1 resumed" in made.read("runs.txt")
    assert made.read("runs.txt").split().count("regression-5") == 1
    assert state(made) == before


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("also: [{train.generator: vae}]\nseconds: 5", r"train\.max_seconds 5"),
        ("matrix: {tokenize.seed: [0, 1]}", "differ in tokenize"),
        ("also: [{train.max_seconds: 3.0}]", r"train\.max_seconds 3"),
    ],
)
def test_rows_that_depend_on_each_other_are_not_run_side_by_side(made, text, reason):
    made.write("rows.yaml", f"name: some\n{text}\n")
    with pytest.raises(ConfigError, match=reason):
        experiment(experiment_plan.read(Path("rows.yaml")), jobs=2)


def test_more_jobs_than_cores_are_refused(made, plan):  # noqa: ARG001
    with pytest.raises(ConfigError, match="--jobs is 4096, and this machine has"):
        experiment(plan(2), jobs=4096)


def test_a_project_that_has_no_model_yet_has_none_afterwards(made, plan):
    for name in ("data", "dvc.lock"):
        path = made.root / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    outcome = experiment(plan(2))

    assert not outcome.failures
    left = {path.name for path in (made.root / "data").iterdir()}
    assert left - {".gitignore"} == {"experiments"}
    assert not (made.root / "dvc.lock").exists()


def test_a_budget_of_seconds_is_timed_once_and_gives_the_same_steps_again(
    made, monkeypatch
):
    timed = []

    def time_a_step(name):
        timed.append(name)
        storage.write_json(
            experiment_module.RESULT, {"seconds_per_step": 0.25 * len(timed)}
        )

    monkeypatch.setattr(dvc_stage, "run_beside", time_a_step)
    made.write("rows.yaml", PLAN.replace("SEED", "2") + "seconds: 10\n")
    plan = experiment_plan.read(Path("rows.yaml"))
    first = experiment(plan).num_steps

    # Two seeds of one family take the same number of steps.
    assert list(first.values()) == [40, 20, 40]
    assert experiment(plan).num_steps == first
    assert timed == ["pace", "pace"]
    steps = storage.read_json(Path("data/experiments/some/steps.json"), "experiment")
    assert steps["autoregressive-seed2"]["num_steps"] == 40


def test_seconds_may_be_among_what_is_compared(made):
    made.write(
        "rows.yaml",
        "{name: some, num_steps: 70, matrix: {train.max_seconds: [7.0, null]}}",
    )
    outcome = experiment(experiment_plan.read(Path("rows.yaml")))

    assert list(outcome.num_steps.values()) == [40, 70]  # train.py makes 40


REAL = """
name: real
seconds: 2
set:
  ingest: {image_size: 32, num_train_scenes: 200, num_test_scenes: 20}
  tokenize: {hidden_dim: 16, num_steps: 10}
  train: {hidden_dim: 16, num_layers: 1, num_heads: 2, validate_every: 1000}
  judge: {num_steps: 5, general_num_steps: 5}
  evaluate: {num_prompts: 4, seeds_per_prompt: 1}
matrix:
  train.generator: [autoregressive, regression]
"""


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_two_families_are_trained_for_the_same_seconds(tmp_path, monkeypatch):
    for name in ("dvc.yaml", "params.yaml", ".dvcignore"):
        shutil.copy(ROOT / name, tmp_path / name)
    for name in ("llmvis", "flows"):
        shutil.copytree(ROOT / name, tmp_path / name)
    for name in ("raw", "start"):
        (tmp_path / "data" / name).mkdir(parents=True)
    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvc/config").write_text("[core]\n    no_scm = true\n")
    (tmp_path / "real.yaml").write_text(REAL)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    command = [sys.executable, "-c", RUN, "experiment", "real.yaml"]
    before = (tmp_path / "params.yaml").read_text()
    first = subprocess.run(command, cwd=tmp_path, check=False)

    assert first.returncode == 0
    folder = tmp_path / "data/experiments/real"
    table = pd.read_csv(folder / "results.csv", index_col="row")
    assert set(table.index) == {"autoregressive", "regression"}
    # Seconds of training have compiling and validating on top of the steps.
    assert (table["num_steps"] > 1).all()
    assert (tmp_path / "params.yaml").read_text() == before
    assert not (tmp_path / "data/model").exists()

    # Again, after one row was lost.
    shutil.rmtree(folder / "regression")
    kept = (folder / "autoregressive/metrics.json").read_text()
    steps = (folder / "steps.json").read_text()
    second = subprocess.run(command, cwd=tmp_path, check=False)

    assert second.returncode == 0
    assert (folder / "autoregressive/metrics.json").read_text() == kept
    assert (folder / "steps.json").read_text() == steps
    assert (folder / "regression/metrics.json").exists()
