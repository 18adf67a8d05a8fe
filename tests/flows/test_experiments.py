"""What a retraining leaves in a real git repository."""

import subprocess

import pytest

from flows import dvc_stage, experiments


def git(*arguments):
    return subprocess.run(
        ["git", *arguments], check=True, capture_output=True, text=True
    ).stdout.strip()


def commit(message):
    git("add", "--all")
    git("commit", "--quiet", "--message", message)


def saved(name):
    return git("for-each-ref", f"refs/exps/??/*/{name}", "--format=%(refname)")


def retrain(name):
    with experiments.clean_afterwards():
        was_clean = dvc_stage.is_clean("ingest")
        if not was_clean:
            dvc_stage.run_stage("ingest")
        experiments.save(name)
    return "nothing ran" if was_clean else "ingest ran"


@pytest.fixture
def repository(project, monkeypatch):
    """The project in git."""
    for person in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{person}_NAME", "test")
        monkeypatch.setenv(f"GIT_{person}_EMAIL", "test@example.com")
    text = project.read("dvc.yaml")
    project.write("dvc.yaml", text[: text.index("  train:")])
    project.write(".dvc/config", "[core]\n    analytics = false\n")
    project.write(".dvc/.gitignore", "/config.local\n/tmp\n/cache\n")
    project.write(".gitignore", "/data\n/runs.txt\n")
    git("init", "--quiet")
    commit("Begin")
    return project


def test_an_experiment_has_the_lock_file_and_git_stays_clean(repository):
    dvc_stage.run_stage("ingest")
    commit("Keep dvc.lock")
    repository.write("ingest.py", repository.read("ingest.py") + "\n")
    commit("Change what ingest does")

    assert retrain("first") == "ingest ran"
    assert git("status", "--porcelain") == ""
    assert git("show", f"{saved('first')}:dvc.lock") != git("show", "HEAD:dvc.lock")

    # Though the committed dvc.lock is of other data.
    assert retrain("second") == "nothing ran"


def test_a_lock_file_that_is_not_committed_is_left_where_it_is(repository):
    retrain("first")

    assert git("status", "--porcelain") == "?? dvc.lock"
    assert (
        git("show", f"{saved('first')}:dvc.lock") == repository.read("dvc.lock").strip()
    )
    assert retrain("second") == "nothing ran"
