"""Files that are never half written."""

import pytest

from llmvis.files import replacing


def test_a_file_takes_its_place_when_it_is_whole(tmp_path):
    path = tmp_path / "figures.csv"
    path.write_text("old")

    with replacing(path) as beside:
        beside.write_text("new")
        assert path.read_text() == "old"

    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_what_stood_there_stays_when_writing_fails(tmp_path):
    path = tmp_path / "figures.csv"
    path.write_text("old")

    with pytest.raises(TypeError), replacing(path) as beside:
        beside.write_bytes("not bytes")

    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_killed_process_left_is_not_in_the_way(tmp_path):
    (tmp_path / ".figures.csv.writing").write_text("half")

    with replacing(tmp_path / "figures.csv") as beside:
        assert not beside.exists()
        beside.write_text("whole")

    assert (tmp_path / "figures.csv").read_text() == "whole"
