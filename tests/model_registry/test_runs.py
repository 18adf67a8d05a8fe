import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from llmvis.errors import RegistryError
from llmvis.model_registry import runs
from llmvis.model_registry import store as stores
from llmvis.png import encode_png

RECORD_AND_DIE = """
import os, signal
from llmvis.model_registry import runs
with runs.record("train", {"train": {"seed": 0}}, {}) as run:
    run.log_curves([{"step": 1, "loss": 2.0}])
    print(run.run_id, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""

pytestmark = pytest.mark.usefixtures("store")


def test_a_run_keeps_params_curves_figures_and_files(report_folder):
    params = {"train": {"seed": 0, "generator": "autoregressive"}}
    with runs.record("train", params, {"why": "a test"}) as run:
        run.log_curves(
            [{"step": 1, "loss": 2.0}, {"step": 2, "loss": 1.5, "rate": 0.1}]
        )
        run.log_metrics({"test_seen": {"en": {"value": 0.5}}, "name": "not a number"})
        run.log_folder(report_folder, "report")

    client = stores.connect()
    kept = client.get_run(run.run_id)
    curve = client.get_metric_history(run.run_id, "loss")
    files = client.list_artifacts(run.run_id, "report")
    assert kept.info.status == "FINISHED"
    assert kept.data.params == {"train.seed": "0", "train.generator": "autoregressive"}
    assert kept.data.metrics["test_seen/en/value"] == 0.5
    assert kept.data.tags["why"] == "a test"
    assert [(point.step, point.value) for point in curve] == [(1, 2.0), (2, 1.5)]
    assert {file.path for file in files} == {
        "report/metrics.json",
        "report/report.html",
    }


def test_samples_of_a_report_are_a_table_with_pictures(report_folder):
    png = encode_png(np.zeros((4, 4, 3), np.uint8))
    samples = pd.DataFrame(
        {
            "split": "test_seen",
            "lang": "en",
            "prompt": ["a bird", "a house"],
            "seed": [0, 1],
            "r_precision": [1.0, 0.0],
            "image": [{"bytes": png, "path": f"{i}.png"} for i in range(2)],
        }
    )
    samples.to_parquet(report_folder / "prompts.parquet")
    with runs.record("train", {}, {}) as run:
        run.log_report(report_folder, "f00d", {})

    client = stores.connect()
    path = client.download_artifacts(run.run_id, "samples/f00d.json")
    table = json.loads(Path(path).read_text())
    first, second = pd.DataFrame(table["data"], columns=table["columns"]).to_dict(
        "records"
    )
    assert (first["prompt"], first["right"]) == ("a bird", True)
    assert (second["prompt"], second["right"]) == ("a house", False)
    assert first["picture"]["type"] == "image"
    assert "table" in client.get_run(run.run_id).data.tags["mlflow.loggedArtifacts"]


def test_a_picture_is_kept_by_step():
    with runs.record("train", {}, {}) as run:
        run.log_picture("grid", np.zeros((8, 8, 3), "uint8"), step=500)

    files = [f.path for f in stores.connect().list_artifacts(run.run_id, "images")]
    assert any("grid" in file and "500" in file for file in files)


def test_thousands_of_points_fit_in_one_call():
    rows = [{"step": step, "a": 0.0, "b": 1.0} for step in range(1500)]
    with runs.record("train", {}, {}) as run:
        run.log_curves(rows)

    assert len(stores.connect().get_metric_history(run.run_id, "b")) == 1500


def test_a_run_that_was_killed_goes_on_under_its_id():
    killed = subprocess.run(
        [sys.executable, "-c", RECORD_AND_DIE], capture_output=True, text=True
    )
    assert killed.returncode == -signal.SIGKILL
    run_id = killed.stdout.strip()

    with runs.record("train", {"train": {"seed": 0}}, {}, run_id) as run:
        run.log_curves([{"step": 2, "loss": 1.0}])

    client = stores.connect()
    steps = [point.step for point in client.get_metric_history(run_id, "loss")]
    assert run.run_id == run_id
    assert steps == [1, 2]
    assert client.get_run(run_id).info.status == "FINISHED"


def test_an_id_that_the_store_does_not_know_starts_a_new_run():
    with runs.record("train", {}, {}, "0" * 32) as run:
        pass

    assert run.run_id != "0" * 32


def test_an_error_and_an_interruption_are_told_apart():
    with (
        pytest.raises(ValueError, match="diverged"),
        runs.record("a", {}, {}) as failed,
    ):
        raise ValueError("diverged")
    with pytest.raises(KeyboardInterrupt), runs.record("b", {}, {}) as stopped:
        raise KeyboardInterrupt

    client = stores.connect()
    assert client.get_run(failed.run_id).info.status == "FAILED"
    assert client.get_run(stopped.run_id).info.status == "KILLED"


def test_an_error_is_not_hidden_by_a_store_that_is_gone(store):
    def spoil_and_fail():
        with runs.record("a", {}, {}):
            (store / "mlflow.db").write_text("")
            raise ValueError("disk full")

    with pytest.raises(ValueError, match="disk full"):
        spoil_and_fail()


def test_a_run_that_cannot_be_written_into_says_so():
    with (
        pytest.raises(RegistryError, match=r"could not keep the run.*again"),
        runs.record("a", {}, {}) as run,
    ):
        run.log_curves([{"step": 1, "a name with % in it": 1.0}])


def test_a_run_names_the_data_the_code_and_the_packages_it_had(store):
    digest = "0123456789abcdef0123456789abcdef.dir"
    out = {"path": "data/examples", "md5": digest}
    (store / "dvc.lock").write_text(json.dumps({"stages": {"ingest": {"outs": [out]}}}))
    (store / "uv.lock").write_text("packages")
    _commit(store)
    with (store / "dvc.lock").open("a") as lock:
        lock.write("\n")  # as every pipeline does
    with runs.record("train", {}, {}) as run:
        run.log_lineage(store)

    client = stores.connect()
    kept = client.get_run(run.run_id)
    assert runs.data_digest(run.run_id) == digest
    assert [file.path for file in client.list_artifacts(run.run_id)] == ["dvc.lock"]
    assert len(kept.data.tags["mlflow.source.git.commit"]) == 40
    assert kept.data.tags["llmvis.git_has_uncommitted_changes"] == "false"
    assert len(kept.data.tags["llmvis.uv_lock_sha256"]) == 64


def test_a_model_folder_leads_back_to_the_run_that_made_it(any_folder):
    with runs.record("train", {}, {}) as run:
        run.made(any_folder)

    assert runs.find(any_folder) == run.run_id
    (any_folder / "finishing.json").write_text("{}")
    assert runs.find(any_folder) == run.run_id  # its networks are the same
    (any_folder / "generator.keras").write_bytes(b"others")
    assert runs.find(any_folder) is None
    assert run.run_id in runs.run_url(run.run_id)


def _commit(folder):
    who = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.com"}
    who |= {name.replace("AUTHOR", "COMMITTER"): value for name, value in who.items()}
    for command in ("init -q", "add dvc.lock uv.lock", "commit -qm first"):
        subprocess.run(
            ["git", *command.split()], cwd=folder, check=True, env={**os.environ, **who}
        )
