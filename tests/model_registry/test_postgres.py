"""Promotions on PostgreSQL, which several machines may share."""

import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from llmvis.errors import RegistryError
from llmvis.model_registry import champions, history, versions

psycopg = pytest.importorskip("psycopg")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(
        not list(Path("/usr/lib/postgresql").glob("*/bin/initdb")),
        reason="Debian's package postgresql is not installed.",
    ),
]


@pytest.fixture
def postgres(monkeypatch, tmp_path):
    """An empty store; gives a function that kills the database and starts it anew."""
    folder = tempfile.mkdtemp()  # tmp_path is closed to the user it runs as
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    script = Path(__file__).parents[1] / "postgres"
    address = f"llmvis@127.0.0.1:{port}/mlflow"
    running = []

    def start():
        for process in running:
            process.kill()
            process.wait()
        running.clear()
        while not _answers(f"postgresql://{address}"):
            # Also again, while the children of a killed one are still there.
            if not running or running[0].poll() is not None:
                command = [script, folder, str(port)]
                running[:] = [subprocess.Popen(command, stderr=subprocess.DEVNULL)]
            time.sleep(0.5)

    start()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"postgresql+psycopg://{address}")
    monkeypatch.chdir(tmp_path)
    yield start
    running[0].send_signal(signal.SIGINT)
    running[0].wait()
    shutil.rmtree(folder)


def _answers(address):
    try:
        psycopg.connect(address).close()
    except psycopg.OperationalError:
        return False
    return True


def test_promotions_and_a_database_that_is_killed(
    postgres, any_folder, report_folder, sampling
):
    for number in (1, 2):
        (any_folder / "generator.keras").write_text(str(number))
        versions.register(any_folder, report_folder, "llmvis", sampling)
        champions.appoint("llmvis", number, "a test", number - 1)
    with pytest.raises(RegistryError, match="version 2 became the champion meanwhile"):
        champions.appoint("llmvis", 1, "too late", 1)
    postgres()

    assert champions.rollback("llmvis").version == 1
    assert [change.after for change in history.read("llmvis")] == [1, 2, 1]
