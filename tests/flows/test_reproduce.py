"""A version that is made again in another folder, with stages of a few lines."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from flows import dvc_stage, reproduce, retrain
from llmvis.errors import ConfigError, RegistryError
from llmvis.model_registry import versions

EVALUATE = """
import json
from pathlib import Path
Path("data/report").mkdir(parents=True)
right = float(Path("data/model/file").read_text())
figure = {"value": right, "low": right - 0.1, "high": right + 0.1, "n": 100}
report = {"alignment": {"test": {"en": {"r_precision": figure}}}}
Path("data/report/metrics.json").write_text(json.dumps(report))
"""

TRAIN = """
from pathlib import Path
for name in ("model", "checkpoints"):
    Path("data", name).mkdir(parents=True, exist_ok=True)
Path("data/model/model.json").write_text("{}")
Path("data/model/file").write_text(Path("right.txt").read_text())
"""


DVC_CONFIG = """
[core]
    analytics = false
    remote = store
['remote "store"']
    url = ../../store
"""

ROOT = Path(__file__).parents[2]


def git(*arguments):
    subprocess.run(["git", *arguments], check=True, capture_output=True)


@pytest.fixture
def version(project, monkeypatch, sampling):
    """A version of a commit with a change that was not committed."""
    for person in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{person}_NAME", "test")
        monkeypatch.setenv(f"GIT_{person}_EMAIL", "test@example.com")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{project.root}/mlflow.db")
    project.write(".dvc/config", DVC_CONFIG)
    project.write(".gitignore", "/data\n/mlflow.db\n/mlartifacts\n")
    project.write("evaluate.py", EVALUATE)
    project.write("train.py", TRAIN)
    project.write("right.txt", "0.2")
    git("init", "--quiet")
    git("add", "--all")
    git("commit", "--quiet", "--message", "Begin")
    project.write("right.txt", "0.5")
    (project.root / "flows").mkdir()
    project.write("flows/own.txt", "a file that git does not know")
    for stage in dvc_stage.needed_for("evaluate"):
        dvc_stage.run_stage(stage)
    root = project.root / "data"
    made = versions.register(root / "model", root / "report", "llmvis", sampling)
    project.write("right.txt", "0.9")  # what came later is not of this version
    return made


def test_a_version_comes_out_again(version, project, tmp_path):
    ingested = project.read("runs.txt")
    made = reproduce.reproduce(version, tmp_path / "again")

    assert made.agrees
    assert (made.value, made.again) == (0.5, 0.5)
    assert (made.num_inside, made.num_figures) == (1, 1)
    assert (tmp_path / "again/data/examples/file").exists()
    assert project.read("runs.txt") == ingested  # the pictures are not read again
    assert len(versions.list_versions("llmvis")) == 1
    assert (tmp_path / "again/flows/own.txt").exists()

    # Where the cache is gone, the examples come from the remote, wherever that lies.
    subprocess.run([sys.executable, "-m", "dvc", "push", "--quiet"], check=True)
    shutil.rmtree(project.root / ".dvc/cache")
    assert reproduce.reproduce(version, tmp_path / "from/remote").agrees

    # What cannot be made again is refused with the reason.
    with pytest.raises(ConfigError, match="is there already"):
        reproduce.reproduce(version, tmp_path)
    [recipe] = (project.root / "mlartifacts").rglob("changes.patch")
    (recipe.parent / "commit").write_text("0" * 40)
    with pytest.raises(ConfigError, match="`git fetch` it first"):
        reproduce.reproduce(version, tmp_path / "other")
    for file in recipe.parent.iterdir():
        file.unlink()
    with pytest.raises(RegistryError, match="llmvis 1 has no recipe"):
        reproduce.reproduce(version, tmp_path / "third")


def test_a_retraining_pushes_to_s3_and_a_version_comes_out_again_from_there(
    version, project, tmp_path, s3
):
    s3.create_bucket(Bucket="llmvis")
    for arguments in (
        ("add", "--force", "store", "s3://llmvis/data"),
        ("modify", "--local", "store", "endpointurl", s3.meta.endpoint_url),
    ):
        command = [sys.executable, "-m", "dvc", "remote", *arguments, "--quiet"]
        subprocess.run(command, check=True)
    retrain.push.fn()
    shutil.rmtree(project.root / ".dvc/cache")

    assert reproduce.reproduce(version, tmp_path / "again").agrees


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_the_tiny_preset_comes_out_again(tmp_path):
    def llmvis(*arguments):
        code = "from llmvis.cli import main; main()"
        command = [sys.executable, "-c", code, *arguments]
        return subprocess.run(command, cwd=tmp_path / "clone", check=False).returncode

    git("clone", "--quiet", str(ROOT), str(tmp_path / "clone"))
    assert llmvis("pipeline", "--params", "presets/tiny.yaml") == 0
    assert llmvis("reproduce", "1", "--name", "llmvis-tiny") == 0
