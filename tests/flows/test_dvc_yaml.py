"""What the real dvc.yaml runs again, with stages that only write their params."""

from pathlib import Path

import pytest

from flows import dvc_stage
from llmvis import config

ROOT = Path(__file__).parents[2]

FAKE_STAGE = """
import sys
from pathlib import Path
from ruamel.yaml import YAML

read = lambda name: YAML(typ="safe").load(Path(name).read_text())
stage = read("dvc.yaml")["stages"][sys.argv[1]]
params = read("params.yaml")
for out in stage["outs"]:
    folder = Path(out if isinstance(out, str) else next(iter(out)))
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("file", "curves.csv", "metrics.json"):
        (folder / name).write_text(str([params[key] for key in stage["params"]]))
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A copy of the project's stages without its code; all of them ran."""
    monkeypatch.chdir(tmp_path)
    Path(".dvc").mkdir()
    Path(".dvc/config").write_text("[core]\n    no_scm = true\n")
    Path("fake.py").write_text(FAKE_STAGE)
    Path("params.yaml").write_text((ROOT / "params.yaml").read_text())
    text = (ROOT / "dvc.yaml").read_text().replace("python -m flows", "python fake.py")
    Path("dvc.yaml").write_text(text)
    for stage in config.read_yaml(Path("dvc.yaml"))["stages"].values():
        for dep in stage["deps"]:
            if dep.startswith(("llmvis/", "flows/")):
                Path(dep).parent.mkdir(parents=True, exist_ok=True)
                Path(dep).write_text("code")
    Path("data/raw").mkdir(parents=True)
    Path("data/raw/README.md").write_text("raw")
    run()


def run():
    """Brings all up to date; gives the stages that ran."""
    ran = []
    for stage in dvc_stage.needed_for("evaluate"):
        if not dvc_stage.is_clean(stage):
            dvc_stage.run_stage(stage)
            ran.append(stage)
    return ran


def change(old, new):
    text = Path("params.yaml").read_text()
    assert old in text
    Path("params.yaml").write_text(text.replace(old, new, 1))


@pytest.mark.usefixtures("project")
def test_only_what_a_change_touches_runs_again():
    assert run() == []

    change("caption_dropout: 0.1", "caption_dropout: 0.2")
    assert run() == ["train", "evaluate"]

    change("general_num_steps", "general_num_steps_")
    assert run() == ["judge", "evaluate"]

    change("guidance_scale: 2.0", "guidance_scale: 3.0")
    assert run() == ["evaluate"]

    change("port: 8000", "port: 8001")
    assert run() == []

    Path("data/raw/cat.png").write_text("picture")
    assert run() == ["ingest"]  # the fake one makes the same examples of it
