"""Promotions on PostgreSQL, which several machines may share."""

import random
import threading
import time
from contextlib import suppress

import pytest

from llmvis.errors import RegistryError
from llmvis.model_registry import champions, fetching, hashes, history, turns, versions

pytestmark = pytest.mark.timeout(1800)
NUM_KILLS = 6


@pytest.fixture
def database(postgres, monkeypatch, tmp_path):
    """An empty store in PostgreSQL."""
    address = postgres.address("+psycopg", "mlflow")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    monkeypatch.chdir(tmp_path)
    return postgres


@pytest.fixture
def register(database, any_folder, report_folder, sampling):  # noqa: ARG001
    def register_weights(weights):
        (any_folder / "generator.keras").write_text(weights)
        return versions.register(any_folder, report_folder, "llmvis", sampling).version

    return register_weights


def killed_meanwhile(database, moment, work, *arguments):
    """Does some work, kills the database after so many seconds, and starts it anew."""
    killing = threading.Timer(moment, database.kill)
    killing.start()
    with suppress(Exception):  # in whatever way MLflow says it
        work(*arguments)
    killing.join()
    database.start()


def timed(work):
    started = time.monotonic()
    work()
    return time.monotonic() - started


def test_promotions_and_a_database_that_is_killed(database, register):
    for number in (1, 2):
        register(str(number))
        champions.appoint("llmvis", number, "a test", number - 1)
    with pytest.raises(RegistryError, match="version 2 became the champion meanwhile"):
        champions.appoint("llmvis", 1, "too late", 1)
    database.kill()
    database.start()

    assert champions.rollback("llmvis").version == 1
    assert [change.after for change in history.read("llmvis")] == [1, 2, 1]


@pytest.mark.slow
def test_a_database_that_is_killed_in_a_promotion_keeps_one_champion(
    database, register, monkeypatch
):
    monkeypatch.setattr(turns, "_ABANDONED", 1.0)  # seconds, in place of 30
    for number in (1, 2):
        register(str(number))
        champions.appoint("llmvis", number, "a test", number - 1)
    usual, rng = timed(lambda: champions.rollback("llmvis")), random.Random(0)
    for _ in range(NUM_KILLS):
        now = versions.champion("llmvis").version
        other = 3 - now
        moment = rng.uniform(0, usual)
        killed_meanwhile(
            database, moment, champions.appoint, "llmvis", other, "a kill", now
        )
        found = versions.champion("llmvis")
        assert found.version in {1, 2}

        again = champions.appoint("llmvis", other, "the next", found.version)
        assert again.aliases == ("challenger", "champion")[2 - other :]
        assert versions.resolve("models:/llmvis@previous").version == now
        latest = history.read("llmvis")[0]
        assert latest.after == other


@pytest.mark.slow
def test_a_database_that_is_killed_in_a_registration_has_no_half_version(
    database, register, tmp_path
):
    usual, rng = timed(lambda: register("first")), random.Random(0)
    for number in range(NUM_KILLS):
        weights = f"weights {number}"
        moment = rng.uniform(0, usual)
        killed_meanwhile(database, moment, register, weights)
        listed = versions.list_versions("llmvis")
        again = register(weights)

        assert again in {listed[0].version, listed[0].version + 1}
        for version in versions.list_versions("llmvis"):
            folder = tmp_path / f"{number}-{version.version}"
            folder.mkdir()
            hashes.verify(fetching.fetch_model(version, folder), version.files)
        newest = versions.list_versions("llmvis")[0]
        assert (newest.version, newest.aliases) == (again, ("challenger",))
