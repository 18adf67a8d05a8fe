"""Promotions that meet, fail or are asked of the wrong version."""

import json
import subprocess
import sys
import time

import pytest

from llmvis.errors import RegistryError
from llmvis.model_registry import champions, history, turns, versions
from llmvis.model_registry import store as stores

APPOINT = """
import sys, time
from pathlib import Path
from llmvis.errors import RegistryError
from llmvis.model_registry import champions
number = int(sys.argv[1])
Path(f"ready{number}").touch()
while not Path("go").exists():
    time.sleep(0.001)
try:
    champions.appoint("llmvis", number, "a race", 1)
except RegistryError as error:
    sys.exit(str(error))
"""


@pytest.fixture
def three_versions(store, any_folder, report_folder, sampling):
    """Versions 1 to 3, of which the first is the champion."""
    for weights in ("first", "second", "third"):
        (any_folder / "generator.keras").write_text(weights)
        versions.register(any_folder, report_folder, "llmvis", sampling)
    champions.appoint("llmvis", 1, "the first", 0)
    return store


def champion():
    return versions.champion("llmvis").version


def test_of_two_promotions_at_once_one_wins_and_the_other_says_why(three_versions):
    racing = [
        subprocess.Popen(
            [sys.executable, "-c", APPOINT, str(number)],
            cwd=three_versions,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in (2, 3)
    ]
    while len(list(three_versions.glob("ready*"))) < 2:
        time.sleep(0.05)
    (three_versions / "go").touch()
    said = [process.communicate()[1] for process in racing]

    winner = champion()
    codes = [process.returncode for process in racing]
    assert codes == ([0, 1] if winner == 2 else [1, 0])
    assert f"version {winner} became the champion meanwhile" in said[codes.index(1)]
    assert versions.resolve("models:/llmvis@previous").version == 1
    assert [(c.before, c.after) for c in history.read("llmvis")] == [
        (1, winner),
        (0, 1),
    ]


@pytest.mark.usefixtures("three_versions")
def test_the_history_says_who_when_why_from_and_to():
    champions.appoint("llmvis", 2, "draws fish better", 1)
    champions.rollback("llmvis")
    back, forth, _ = history.read("llmvis")

    assert (forth.before, forth.after, forth.why) == (1, 2, "draws fish better")
    assert (back.before, back.after, back.why) == (2, 1, "rolled back from version 2")
    assert "@" in back.who
    assert back.when >= forth.when


@pytest.mark.usefixtures("three_versions")
def test_a_version_that_draws_nothing_is_not_promoted():
    with pytest.raises(
        RegistryError, match="llmvis 2 is not promoted, because a fresh"
    ):
        champions.promote("llmvis", 2, "a test")

    assert champion() == 1
    assert len(history.read("llmvis")) == 1


@pytest.mark.usefixtures("three_versions")
def test_a_promotion_that_breaks_off_is_undone(monkeypatch):
    def break_off(client, name, now, _):
        client.set_registered_model_alias(name, "previous", str(now))
        raise OSError("The disk is full.")

    monkeypatch.setattr(champions, "_move", break_off)
    with pytest.raises(OSError, match="disk is full"):
        champions.appoint("llmvis", 2, "a test", 1)

    assert champion() == 1
    assert "previous" not in versions.aliases_of(stores.connect(), "llmvis")
    undone, begun, _ = history.read("llmvis")
    assert (begun.after, undone.before, undone.after) == (2, 2, 1)
    assert "disk is full" in undone.why


@pytest.mark.usefixtures("three_versions")
def test_a_turn_that_was_left_by_a_killed_process_is_taken_over(monkeypatch):
    stores.connect().create_registered_model("llmvis.turn")
    monkeypatch.setattr(turns, "_ABANDONED", 0.5)

    assert champions.appoint("llmvis", 2, "a test", 1).version == champion() == 2


@pytest.mark.usefixtures("three_versions")
def test_a_promotion_that_lost_its_turn_leaves_the_winner_alone(monkeypatch):
    def lose(client, name, *_):
        client.delete_registered_model(f"{name}.turn")
        client.set_registered_model_alias(name, "champion", "3")
        raise OSError("It slept for a minute.")

    monkeypatch.setattr(champions, "_move", lose)
    with pytest.raises(OSError, match="slept"):
        champions.appoint("llmvis", 2, "a test", 1)

    assert champion() == 3


@pytest.mark.usefixtures("three_versions")
def test_nothing_is_promoted_without_a_reason():
    with pytest.raises(RegistryError, match=r"No reason is given.*version 2"):
        champions.appoint("llmvis", 2, " ", 1)

    assert champion() == 1


@pytest.mark.usefixtures("three_versions")
def test_a_challenger_can_be_deleted_once_it_is_refused():
    client = stores.connect()
    client.set_registered_model_alias("llmvis", "challenger", "3")
    with pytest.raises(RegistryError, match="llmvis 3 is the challenger, and is not"):
        champions.delete("llmvis", 3, "a test")
    versions.keep_decision("llmvis", 3, "refused: it is worse", 1)
    champions.delete("llmvis", 3, "a test")

    assert [version.version for version in versions.list_versions("llmvis")] == [2, 1]


@pytest.mark.usefixtures("three_versions")
def test_a_version_that_another_began_with_is_not_deleted(
    any_folder, report_folder, sampling
):
    start = {"name": "llmvis", "version": 2, "files": "a fingerprint"}
    (any_folder / "model.json").write_text(json.dumps({"start": start}))
    later = versions.register(any_folder, report_folder, "another", sampling)
    assert later.began_with == "llmvis/2"

    with pytest.raises(RegistryError, match=r"of another 1 began with.*later version"):
        champions.delete("llmvis", 2, "a test")
    stores.connect().delete_registered_model_alias("another", "challenger")
    champions.delete("another", 1, "a test")
    champions.delete("llmvis", 2, "a test")

    assert [version.version for version in versions.list_versions("llmvis")] == [3, 1]


@pytest.mark.usefixtures("three_versions")
def test_a_version_with_an_alias_is_not_deleted():
    with pytest.raises(RegistryError, match="llmvis 1 is the champion, and is not"):
        champions.delete("llmvis", 1, "a test")
    champions.delete("llmvis", 2, "a test")

    assert [version.version for version in versions.list_versions("llmvis")] == [3, 1]
    assert history.read("llmvis")[0].why == "Deleted: a test"
