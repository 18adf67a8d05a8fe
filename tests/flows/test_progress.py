import json
import sys

import pytest

from flows import progress


@pytest.fixture
def progress_file(tmp_path, monkeypatch):
    """The file that a flow waits on; nothing was written for a while."""
    path = tmp_path / "progress.json"
    monkeypatch.setenv(progress.FILE_VARIABLE, str(path))
    monkeypatch.setattr(progress, "_screen", progress._Screen())
    return path


def test_a_flow_reads_what_a_stage_reports(progress_file):
    progress.report(3, 10, "drawing")

    assert progress.read(progress_file) == {"done": 3, "total": 10, "text": "drawing"}


def test_nothing_is_read_before_the_first_report(progress_file):
    assert progress.read(progress_file) == {}


def test_reports_in_quick_succession_are_written_once(progress_file):
    for done in range(1, 9):
        progress.report(done, 10, "drawing")

    assert progress.read(progress_file)["done"] == 1


def test_the_last_report_is_always_written(progress_file):
    for done in range(11):
        progress.report(done, 10, "drawing")

    assert progress.read(progress_file)["done"] == 10


@pytest.mark.usefixtures("progress_file")
def test_without_a_terminal_each_part_has_a_first_and_a_last_line(capfd):
    for done in range(4):
        progress.report(done, 3, "drawing")
    progress.report(0, 5, "writing")

    assert capfd.readouterr().err.splitlines() == [
        "  0/3  drawing",
        "  3/3  drawing",
        "  0/5  writing",
    ]


@pytest.mark.usefixtures("progress_file")
def test_on_a_terminal_there_is_a_bar(monkeypatch, capfd):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    progress.report(1, 3, "drawing [sic]")
    progress.report(3, 3, "drawing [sic]")

    assert "3/3" in capfd.readouterr().err


def test_a_failure_goes_to_the_flow_that_waits(progress_file):
    progress.fail("Too few pictures.")

    assert json.loads(progress_file.read_text()) == {"error": "Too few pictures."}


def test_a_failure_goes_to_the_person_where_no_flow_waits(monkeypatch, capfd):
    monkeypatch.delenv(progress.FILE_VARIABLE, raising=False)
    progress.fail("Too few pictures [of cats].")

    assert capfd.readouterr().err == "error: Too few pictures [of cats].\n"
