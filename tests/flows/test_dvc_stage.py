import signal

import pytest

from flows import dvc_stage, overlay
from llmvis.errors import ConfigError, StageFailed

pytestmark = pytest.mark.usefixtures("project")

# As Prefect and the command line do.
STOP_ON_SIGTERM = (
    "import signal, sys; signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))"
)
RUN_TRAIN = "from flows import dvc_stage; dvc_stage.run_stage('train')"


def test_a_stage_is_clean_after_it_ran_and_not_before():
    assert not dvc_stage.is_clean("ingest")
    dvc_stage.run_stage("ingest")

    assert dvc_stage.is_clean("ingest")


DATA_SET = """
datasets:
  - {name: pictures, type: dvc, url: ../other, path: raw}
"""
LOCKED = """
schema: '2.0'
stages: {}
datasets:
  - {name: pictures, type: dvc, url: ../other, path: raw, rev_lock: REVISION}
"""


def test_a_stage_reads_a_data_set_of_dvc_and_runs_when_its_revision_changes(project):
    reads = project.read("dvc.yaml").replace("[ingest.py]", "['ds://pictures']")
    project.write("dvc.yaml", reads + DATA_SET)
    project.write("dvc.lock", LOCKED.replace("REVISION", "a" * 40))
    dvc_stage.bring_up_to_date("ingest")
    was_clean = dvc_stage.is_clean("ingest")
    lock = project.read("dvc.lock").replace("rev_lock: " + "a" * 40, "rev_lock: b", 1)
    project.write("dvc.lock", lock)

    assert was_clean
    assert not dvc_stage.is_clean("ingest")


def test_a_stage_whose_params_changed_is_not_clean(project):
    dvc_stage.run_stage("ingest")
    project.write("params.yaml", overlay.merged({"ingest": {"seed": 12345}}))

    assert not dvc_stage.is_clean("ingest")


def test_running_a_clean_stage_does_nothing(project):
    dvc_stage.run_stage("ingest")
    dvc_stage.run_stage("ingest")

    assert project.read("runs.txt") == "ingest "


def test_what_a_stage_needs_comes_in_an_order_that_works():
    assert dvc_stage.needed_for("evaluate") == ["ingest", "train", "evaluate"]


def test_a_stage_that_does_not_exist_is_named():
    with pytest.raises(ConfigError, match="slwo"):
        dvc_stage.needed_for("slwo")


def test_a_failing_stage_gives_the_sentence_it_ended_with(project):
    project.write(
        "ingest.py",
        "from flows import progress; progress.fail('Too few pictures.'); 1 / 0",
    )
    with pytest.raises(StageFailed, match=r"`ingest` stage.*Too few pictures\."):
        dvc_stage.run_stage("ingest")


def test_a_stage_that_is_killed_from_outside_names_memory_as_a_likely_cause(project):
    project.write("ingest.py", "import os; os.kill(os.getpid(), 9)")
    with pytest.raises(StageFailed, match="want of memory"):
        dvc_stage.run_stage("ingest")


def test_a_failing_stage_leaves_its_earlier_output(project):
    dvc_stage.run_stage("ingest")
    earlier = project.read("data/examples/file")
    project.write("ingest.py", "import os; os.mkdir('data/examples'); 1 / 0")
    with pytest.raises(StageFailed):
        dvc_stage.run_stage("ingest")

    assert project.read("data/examples/file") == earlier


def test_a_stage_that_fails_at_first_leaves_no_output(project):
    project.write("ingest.py", "import os; os.makedirs('data/examples'); 1 / 0")
    with pytest.raises(StageFailed):
        dvc_stage.run_stage("ingest")

    assert not (project.root / "data/examples").exists()


def test_a_record_that_was_cut_off_gives_way_to_the_earlier_one(project):
    dvc_stage.run_stage("ingest")
    project.write("train.py", "open('dvc.lock', 'w').close(); 1 / 0")
    with pytest.raises(StageFailed):
        dvc_stage.run_stage("train")

    assert dvc_stage.is_clean("ingest")


def test_progress_of_a_stage_is_passed_on(project):
    project.write(
        "ingest.py",
        "import time; from flows import progress\n"
        "progress.report(1, 4, 'drawing'); time.sleep(1.5)\n"
        "import os; os.makedirs('data/examples')",
    )
    seen = []
    dvc_stage.run_stage("ingest", seen.append)

    assert seen[0] == {"done": 1, "total": 4, "text": "drawing"}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_run_leaves_no_process_and_no_half_output(project, number):
    dvc_stage.run_stage("train")
    runner = project.start_hanging("-c", f"{STOP_ON_SIGTERM}; {RUN_TRAIN}")
    runner.send_signal(number)
    runner.wait(timeout=20)

    assert project.processes() == []
    assert project.read("data/model/file") == "whole"
    assert not (project.root / "data/model/half").exists()
    assert not (project.root / "data/.model.writing").exists()


def test_checkpoints_outlive_a_stopped_run(project):
    runner = project.start_hanging("-c", RUN_TRAIN)
    runner.send_signal(signal.SIGINT)
    runner.wait(timeout=20)

    assert project.read("data/checkpoints/step") == "12"


def test_a_stage_ends_soon_after_its_runner_is_killed_outright(project):
    runner = project.start_hanging("-c", RUN_TRAIN)
    runner.kill()
    runner.wait()

    project.wait_until(lambda: project.processes() == [], seconds=20)


def test_the_run_after_a_killed_one_is_whole(project):
    train = project.read("train.py")
    runner = project.start_hanging("-c", RUN_TRAIN)
    runner.kill()
    runner.wait()
    project.wait_until(lambda: project.processes() == [], seconds=20)
    project.write("train.py", train)
    dvc_stage.run_stage("train")

    assert dvc_stage.is_clean("train")
    assert not (project.root / "data/model/half").exists()
