import subprocess
import sys

import pytest

from llmvis.errors import RegistryError
from llmvis.model_registry import store as stores

RECORD = """
from llmvis.model_registry import runs
with runs.record("train", {}, {}):
    pass
"""


def test_processes_that_meet_no_store_all_record_their_run(no_store):
    started = [
        subprocess.Popen([sys.executable, "-c", RECORD], cwd=no_store) for _ in range(2)
    ]

    assert [process.wait() for process in started] == [0, 0]
    client = stores.connect()
    assert len(client.search_runs([stores.experiment_id(client)])) == 2


def test_a_server_that_does_not_answer_is_named_with_what_to_do(monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")
    with pytest.raises(
        RegistryError, match=r"127\.0\.0\.1:1 .*unset MLFLOW_TRACKING_URI"
    ):
        stores.connect()


def test_a_file_that_is_no_store_is_named(no_store):
    (no_store / "mlflow.db").write_text("not a database, but long enough to be read")
    with pytest.raises(
        RegistryError, match=r"cannot open its store at sqlite.*mlflow\.db"
    ):
        stores.connect()
