"""Rollbacks by a process that stands by."""

import socket
import threading

import pytest

from llmvis.errors import RegistryError
from llmvis.model_registry import standby


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_where_nobody_stands_by_nothing_is_done():
    assert standby.roll_back("llmvis") is None

    with standby.standing_by():
        pass
    assert standby.roll_back("llmvis") is None


def test_the_place_of_one_that_was_killed_is_taken_and_of_one_that_lives_is_not(
    monkeypatch,
):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")
    with socket.socket(socket.AF_UNIX) as killed:
        standby._SOCKET.parent.mkdir()
        killed.bind(str(standby._SOCKET))

    with standby.standing_by():
        with standby.standing_by():
            pass
        with pytest.raises(RegistryError, match="No MLflow server answers"):
            standby.roll_back("llmvis")


def test_an_answer_that_never_comes_is_not_taken_for_a_rollback():
    standby._SOCKET.parent.mkdir()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(standby._SOCKET))
        listener.listen()
        threading.Thread(target=lambda: listener.accept()[0].close()).start()
        with pytest.raises(RegistryError, match="See `llmvis history`"):
            standby.roll_back("llmvis")
