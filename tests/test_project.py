"""What holds for the repository as a whole."""

import importlib.metadata
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

CHECKS = {
    "lint": ["ruff", "check"],
    "format": ["ruff", "format", "--check"],
    "types": ["mypy"],
    "import order": ["lint-imports"],
    "spelling": ["codespell"],
}


@pytest.mark.parametrize("check", CHECKS)
def test_the_code_passes(check):
    program, *arguments = CHECKS[check]
    path = shutil.which(program, path=str(Path(sys.executable).parent))
    done = subprocess.run(
        [path, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr


def test_the_lock_names_no_host_but_those_of_the_public_index():
    hosts = set(re.findall(r"https?://([^/\"]+)", (ROOT / "uv.lock").read_text()))

    assert hosts == {"pypi.org", "files.pythonhosted.org"}


def test_the_installed_packages_are_those_that_work_together():
    # Above fastapi 0.150, prefect 3.8.8 imports and then cannot run any flow;
    # tests/flows/test_pipeline.py runs one.
    version = importlib.metadata.version("fastapi")

    assert tuple(map(int, version.split(".")))[:2] < (0, 151)


def test_the_stages_that_dvc_runs_are_commands_and_modules():
    from llmvis import sections
    from llmvis.cli import app

    stages = sections.read_yaml(ROOT / "dvc.yaml")["stages"]
    commands = {command.callback.__name__ for command in app.registered_commands}

    assert list(stages) == [
        "ingest",
        "tokenize",
        "train",
        "finish",
        "judge",
        "evaluate",
    ]
    assert set(stages) <= commands
    assert all((ROOT / "flows" / f"{stage}.py").exists() for stage in stages)
    assert all(stages[stage]["cmd"] == f"python -m flows {stage}" for stage in stages)


def test_every_file_that_a_stage_depends_on_exists():
    from llmvis import sections

    stages = sections.read_yaml(ROOT / "dvc.yaml")["stages"]
    deps = [dep for stage in stages.values() for dep in stage["deps"]]
    code = [dep for dep in deps if dep.startswith(("llmvis/", "flows/"))]

    assert [dep for dep in code if not (ROOT / dep).exists()] == []


def test_nothing_that_is_shipped_is_a_pickle():
    tracked = subprocess.check_output(["git", "ls-files"], cwd=ROOT, text=True)

    assert [n for n in tracked.split("\n") if n.endswith((".pkl", ".pickle"))] == []


def test_no_file_of_ours_is_longer_than_a_person_reads():
    files = [*ROOT.glob("llmvis/**/*.py"), *ROOT.glob("flows/*.py")]
    long = {
        str(path.relative_to(ROOT)): lines
        for path in files
        if (lines := len(path.read_text().splitlines())) > 300
    }

    assert long == {}
