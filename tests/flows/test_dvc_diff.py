"""What `dvc metrics diff` and `dvc plots diff` make of the files dvc.yaml names."""

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from ruamel.yaml import YAML

from llmvis import evaluation, sections, storage
from llmvis.evaluation.report import accuracy_table
from llmvis.metrics.figure import Figure

ROOT = Path(__file__).parents[2]


@pytest.fixture
def two_reports(tmp_path, monkeypatch):
    """A project whose last commit has one report and whose folder has another."""
    monkeypatch.chdir(tmp_path)
    shown = sections.read_yaml(ROOT / "dvc.yaml")
    del shown["stages"]  # so that git holds the files, and no stage need run
    with Path("dvc.yaml").open("w") as file:
        YAML().dump(shown, file)
    Path(".dvc").mkdir()
    Path(".dvc/config").write_text("")
    write_report(share=0.5, loss=2.0)
    git("init", "-q")
    git("add", "-A")
    git("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "before")
    write_report(share=0.75, loss=1.0)


def write_report(share, loss):
    figure = Figure(value=share, low=share - 0.1, high=share + 0.1, n=20)
    alignment = {"test_seen": {"en": {"all_correct": figure}}}
    report, training = Path("data/report"), Path("data/training")
    for folder in (report, training):
        folder.mkdir(parents=True, exist_ok=True)
    storage.write_json(
        report / "metrics.json", evaluation.plain({"alignment": alignment})
    )
    accuracy_table(alignment).to_csv(report / "accuracy.csv", index=False)
    # As trainings write it: what comes rarely stands on lines of its own.
    pd.DataFrame(
        [
            {"step": 20, "seconds": 9.0, "loss": loss + 1},
            {"step": 40, "seconds": 18.0, "loss": loss},
            {
                "step": 50,
                "validation_loss": loss + 3,
                "validation_loss_other_prompt": 7.0,
            },
        ]
    ).to_csv(training / "curves.csv", index=False, na_rep="NaN")


def git(*arguments):
    subprocess.run(["git", *arguments], check=True)


def dvc(*arguments):
    command = [sys.executable, "-m", "dvc", *arguments, "--json"]
    return json.loads(subprocess.check_output(command, text=True))


def test_what_a_report_changes_is_told_by_dvc(two_reports):  # noqa: ARG001
    changes = dvc("metrics", "diff")["data/report/metrics.json"]

    assert changes["alignment.test_seen.en.all_correct.value"] == {
        "old": 0.5,
        "new": 0.75,
        "diff": 0.25,
    }


def test_the_losses_of_training_and_validation_are_drawn_together(
    two_reports,  # noqa: ARG001
):
    plots = dvc("plots", "diff")
    (plot,) = plots["data"]["data/training/curves.csv"]
    drawn = {
        (one["rev"], one["field"], one["step"], one["dvc_inferred_y_value"])
        for one in plot["content"]["data"]["values"]
        if one["dvc_inferred_y_value"] != "NaN"  # which vega leaves out
    }

    assert "errors" not in plots
    assert plots["data"].keys() == {"accuracy", "data/training/curves.csv"}
    assert drawn == {
        ("HEAD", "loss", "20", "3.0"),
        ("HEAD", "loss", "40", "2.0"),
        ("HEAD", "validation_loss", "50", "5.0"),
        ("workspace", "loss", "20", "2.0"),
        ("workspace", "loss", "40", "1.0"),
        ("workspace", "validation_loss", "50", "4.0"),
    }
