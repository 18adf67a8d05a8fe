"""What is in memory while the champion is followed, without a server around it."""

import time

from llmvis.model_registry import champions, versions
from llmvis.model_registry import store as stores
from llmvis.serving.following import Following


def test_a_challenger_is_in_memory_before_it_is_promoted(register, settings, sampling):
    register("first champion")
    followed = Following("models:/llmvis@champion", sampling, settings.max_batch_size)
    try:
        challenger = _register_challenger()
        _wait(lambda: followed._next is not None and followed._next[1].done())
        waiting = followed._next[1].result()
        now = followed.current.version.version
        champions.appoint("llmvis", challenger, "a test", now)
        _wait(lambda: followed.current is waiting)

        refused = _register_challenger("refused: a test")
        _wait(lambda: versions.resolve("models:/llmvis@challenger").version == refused)
        time.sleep(1.0)  # three polls
        assert followed._next is None
    finally:
        followed.stop()
    assert waiting.version.version == challenger


def test_what_was_rolled_back_while_it_loaded_is_never_served(
    register, settings, sampling, monkeypatch
):
    register("to go back to")
    before = versions.champion("llmvis").version
    followed = Following("models:/llmvis@champion", sampling, settings.max_batch_size)
    served, load = [], Following._load

    def load_slowly(self, address):
        loaded = load(self, address)
        if address != f"models:/llmvis/{before}":
            champions.rollback("llmvis")
            served.append(self.current.version.version)
        return loaded

    monkeypatch.setattr(Following, "_load", load_slowly)
    try:
        made = _register_challenger("refused: so that it is not loaded ahead")
        champions.appoint("llmvis", made, "a test", before)
        _wait(lambda: served)
        time.sleep(1.0)  # three polls
        assert (served, followed.current.version.version) == ([before], before)
        assert followed._previous is None
    finally:
        followed.stop()


def _register_challenger(gate=""):
    store = stores.connect()
    first = store.get_model_version("llmvis", "1")
    tags = first.tags | {"gate": gate}
    made = store.create_model_version("llmvis", first.source, first.run_id, tags=tags)
    store.set_registered_model_alias("llmvis", "challenger", made.version)
    return int(made.version)


def _wait(holds):
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)
