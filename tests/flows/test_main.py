import errno
import sys
import types

import pytest

from flows.__main__ import main
from llmvis.errors import DataError


@pytest.fixture
def stage(monkeypatch):
    """Makes a function the stage `fake`."""

    def become(function):
        module = types.ModuleType("flows.fake")
        module.fake = function
        monkeypatch.setitem(sys.modules, "flows.fake", module)

    return become


def raising(error):
    def function():
        raise error

    return function


def test_a_stage_that_ends_well_gives_zero(stage):
    stage(lambda: None)

    assert main("fake") == 0


def test_an_error_of_ours_is_one_sentence_and_exit_code_two(stage, capfd):
    stage(raising(DataError("There are no pictures in data/raw. Add some.")))

    assert main("fake") == 2
    message = capfd.readouterr().err
    assert message == "error: There are no pictures in data/raw. Add some.\n"


def test_a_full_disk_is_one_sentence_and_exit_code_two(stage, capfd):
    stage(raising(OSError(errno.ENOSPC, "No space left on device")))

    assert main("fake") == 2
    assert "disk is full" in capfd.readouterr().err


def test_a_mistake_of_ours_keeps_its_traceback(stage):
    stage(raising(KeyError("image")))

    with pytest.raises(KeyError):
        main("fake")


def test_a_stage_that_is_interrupted_has_no_traceback(stage, capfd):
    stage(raising(KeyboardInterrupt))

    assert main("fake") == 130
    assert capfd.readouterr().err == ""
