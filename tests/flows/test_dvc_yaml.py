"""What the real dvc.yaml runs again, with stages that only write their params."""

from pathlib import Path

import pytest

from flows import dvc_stage, overlay
from llmvis import sections

ROOT = Path(__file__).parents[2]

FAKE_STAGE = """
import sys
from pathlib import Path
from ruamel.yaml import YAML

read = lambda name: YAML(typ="safe").load(Path(name).read_text())
stage = read("dvc.yaml")["stages"][sys.argv[1]]
params = read("params.yaml")


def value(key):
    section, _, name = key.partition(".")
    return params[section][name] if name else params[section]


for out in stage["outs"]:
    folder = Path(out if isinstance(out, str) else next(iter(out)))
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("file", "curves.csv", "metrics.json"):
        (folder / name).write_text(str([value(key) for key in stage["params"]]))
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
    for stage in sections.read_yaml(Path("dvc.yaml"))["stages"].values():
        for dep in stage["deps"]:
            if dep.startswith(("llmvis/", "flows/")):
                code = Path(dep) if Path(dep).suffix else Path(dep, "code.py")
                code.parent.mkdir(parents=True, exist_ok=True)
                code.write_text("code")
    Path("data/raw").mkdir(parents=True)
    Path("data/raw/README.md").write_text("raw")
    Path("data/start").mkdir()
    run()


def run():
    """Brings all up to date; gives the stages that ran."""
    ran = []
    for stage in dvc_stage.needed_for("evaluate"):
        if not dvc_stage.is_clean(stage):
            dvc_stage.run_stage(stage)
            ran.append(stage)
    return ran


def change(section, key, value):
    text = overlay.merged({section: {key: value}})
    assert text != overlay.PARAMS.read_text()
    overlay.PARAMS.write_text(text)


@pytest.mark.usefixtures("project")
def test_only_what_a_change_touches_runs_again():
    assert run() == []

    change("train", "seed", 12345)
    assert run() == ["train", "finish", "evaluate"]

    change("finishing", "sharpen", 1.25)
    assert run() == ["finish", "evaluate"]

    change("judge", "seed", 12345)
    assert run() == ["judge", "evaluate"]

    change("sampling", "guidance_scale", 12.5)
    assert run() == ["evaluate"]

    change("serve", "port", 12345)
    assert run() == []

    Path("data/raw/cat.png").write_text("picture")
    assert run() == ["ingest"]  # the fake one makes the same examples of it


@pytest.mark.usefixtures("project")
def test_another_version_to_begin_with_is_tokenized_for_and_trained_from_again():
    change("train", "start_from", 3)
    Path("data/start/model").mkdir()
    Path("data/start/model/file").write_text("weights")

    assert run() == ["tokenize", "train", "finish", "evaluate"]

    Path("data/start/model/file").write_text("of version 4")
    assert run()[:1] == ["tokenize"]


@pytest.mark.usefixtures("project")
def test_an_ingest_finds_the_examples_of_the_one_before():
    Path("data/examples/earlier").write_text("an example")
    change("ingest", "seed", 12345)

    dvc_stage.run_stage("ingest")

    assert Path("data/examples/earlier").exists()
