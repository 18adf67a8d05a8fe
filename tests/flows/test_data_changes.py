"""What is announced, to a server that only counts."""

import json
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from flows import data_changes

ROOT = Path(__file__).parents[2]


@pytest.fixture
def announced(monkeypatch, tmp_path):
    """Stands in for Prefect's API; gives the events that reached it."""
    events = []

    class Api(BaseHTTPRequestHandler):
        def do_POST(self):
            length = int(self.headers["Content-Length"])
            events.extend(json.loads(self.rfile.read(length)))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Api)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PREFECT_API_URL", f"http://127.0.0.1:{server.server_port}")
    yield events
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def watched(announced, tmp_path):  # noqa: ARG001
    """A folder, and a function that watches it, or the last of some places."""
    folder, stops = tmp_path / "raw", []
    folder.mkdir()
    (folder / "old.txt").write_text("old")

    def watch(places=(folder,)):
        ended = threading.Event()
        arguments = (lambda: places[-1], 0.2, ended)
        thread = threading.Thread(target=data_changes.watch, args=arguments)
        thread.start()
        stops.append(lambda: (ended.set(), thread.join()))
        time.sleep(0.5)
        return stops[-1]

    yield folder, watch
    for stop in stops:
        stop()


def wait_for(events, number):
    end = time.monotonic() + 20
    while len(events) < number and time.monotonic() < end:
        time.sleep(0.05)
    assert len(events) == number


def test_a_new_picture_is_announced_once(announced, watched):
    folder, watch = watched
    watch()
    (folder / "cat.png").write_text("picture")
    wait_for(announced, 1)
    time.sleep(1)

    [event] = announced
    assert event["event"] == "llmvis.data-changed"
    assert event["resource"] == {"prefect.resource.id": "llmvis.data"}


def test_a_machine_of_a_work_pool_announces_new_pictures_too(announced, tmp_path):
    params = (ROOT / "params.yaml").read_text().replace("settle: 30", "settle: 1")
    Path("params.yaml").write_text(params)
    Path("data/raw").mkdir(parents=True)
    command = [sys.executable, "-m", "flows.watch"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert any("Watching data/raw" in line for line in process.stderr)
        time.sleep(1)
        (tmp_path / "data/raw/cat.png").write_text("picture")
        wait_for(announced, 1)
        process.terminate()

    assert announced[0]["payload"] == {"what": "data/raw"}


def test_where_nobody_says_where_prefect_is_the_watch_ends_with_a_sentence(
    monkeypatch, tmp_path
):
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path))
    command = [sys.executable, "-m", "flows.watch"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert done.stderr.startswith("error: Nobody says where Prefect is")


def test_a_picture_that_comes_while_nobody_watches_is_announced_later(
    announced, watched
):
    folder, watch = watched
    watch()()
    (folder / "cat.png").write_text("picture")
    watch()

    wait_for(announced, 1)


def test_a_table_that_is_watched_by_itself_is_announced(announced, watched):
    folder, watch = watched
    table = folder / "pictures.csv"
    table.write_text("path,caption")
    watch([table])
    table.write_text("path,caption\ncat.png,a cat")

    wait_for(announced, 1)


def test_another_place_is_announced_and_watched(announced, watched):
    folder, watch = watched
    places = [folder]
    watch(places)
    other = folder.with_name("other")
    other.mkdir()
    places.append(other)
    wait_for(announced, 1)
    (other / "cat.png").write_text("picture")

    wait_for(announced, 2)


def test_a_prefect_that_does_not_answer_was_not_told():
    assert not data_changes.announce("data/raw", "http://127.0.0.1:1/api")
