"""Captioned pictures at addresses: web servers, S3, data sets of DVC."""

import io
import json
import os
import re
import subprocess
import sys
import tarfile
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import fsspec
import pandas as pd
import pytest

from llmvis import storage
from llmvis.datasets import far_files
from llmvis.datasets.place import Place
from llmvis.errors import DataError


class Plain(SimpleHTTPRequestHandler):
    """Gives whole files, whatever part of them is asked for."""

    def log_message(self, *_):
        pass


class WithParts(Plain):
    """Gives parts of files."""

    def do_GET(self):
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        if not asked:
            super().do_GET()
            return
        first, last = map(int, asked.groups())
        with open(self.translate_path(self.path), "rb") as file:
            file.seek(first)
            data = file.read(last - first + 1)
        self.send_response(206)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@contextmanager
def served(folder, handler=Plain):
    """Serves a folder on this machine; gives its address."""
    handle = partial(handler, directory=folder)
    with ThreadingHTTPServer(("127.0.0.1", 0), handle) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def no_waiting(monkeypatch):
    monkeypatch.setattr(far_files, "_WAITS", (0, 0, 0))


@pytest.fixture
def raw(tmp_path, save):
    """A folder of five pictures, called as people call them, and their captions."""
    folder = tmp_path / "raw"
    rows = []
    for number, name in enumerate(
        ["a b.png", "猫/1.png", "#2.png", "50%.png", "e.png"]
    ):
        save(folder / name, number)
        rows.append({"file_name": name, "text": f"thing {number}"})
    lines = [json.dumps(row) for row in rows]
    (folder / "metadata.jsonl").write_text("\n".join(lines), "utf-8")
    return folder


def ids(done):
    assert not done.reasons
    return [example.example_id for example in done.examples]


def test_a_folder_in_memory_is_read_like_one_here(raw, take_in):
    far = fsspec.filesystem("memory")
    for path in raw.rglob("*.*"):
        far.pipe(f"/far/{path.relative_to(raw)}", path.read_bytes())

    assert ids(take_in("memory://far")) == ids(take_in(raw))


@pytest.mark.parametrize("ending", ["", "/"])
def test_a_folder_on_a_web_server_is_read_like_one_here(ending, raw, take_in):
    with served(raw.parent) as address:
        assert ids(take_in(f"{address}/raw{ending}")) == ids(take_in(raw))


def test_a_table_on_a_web_server_is_read_with_its_pictures(raw, take_in):
    with served(raw) as address:
        done = take_in(f"{address}/metadata.jsonl?key=secret", "caption_table")

    assert len(ids(done)) == 5
    assert not any("secret" in example.source for example in done.examples)


@pytest.mark.parametrize("handler", [Plain, WithParts])
def test_a_tar_on_a_web_server_is_read_like_one_here(handler, raw, tmp_path, take_in):
    (tmp_path / "shards").mkdir()
    with tarfile.open(tmp_path / "shards/0.tar", "w") as tar:
        for number, path in enumerate(sorted(raw.rglob("*.png"))):
            text = tarfile.TarInfo(f"{number}.txt")
            text.size = 7
            tar.addfile(text, io.BytesIO(b"thing %d" % number))
            tar.add(path, f"{number}.png")
    with served(tmp_path, handler) as address:
        far = take_in(f"{address}/shards/0.tar")
        near = take_in(tmp_path / "shards")

    assert ids(far) == ids(near)
    assert len(ids(far)) == 5


@pytest.mark.parametrize("handler", [Plain, WithParts])
def test_parquet_on_a_web_server_is_read_like_parquet_here(
    handler, raw, tmp_path, take_in
):
    (tmp_path / "table").mkdir()
    pictures = [{"bytes": path.read_bytes()} for path in sorted(raw.rglob("*.png"))]
    texts = [f"thing {number}" for number in range(5)]
    table = pd.DataFrame({"image": pictures, "text": texts})
    table.to_parquet(tmp_path / "table/train.parquet", row_group_size=2)
    with served(tmp_path, handler) as address:
        far = take_in(f"{address}/table/train.parquet")
        near = take_in(tmp_path / "table")

    assert ids(far) == ids(near)
    assert len(ids(far)) == 5


class Stumbling(Plain):
    """Has an error of its own at every other picture that it is asked for."""

    asked = 0

    def do_GET(self):
        if self.path.endswith(".png"):
            Stumbling.asked += 1
            if Stumbling.asked % 2:
                self.send_error(503)
                return
        super().do_GET()


@pytest.mark.usefixtures("no_waiting")
def test_a_server_that_stumbles_is_asked_again(raw, take_in):
    with served(raw, Stumbling) as address:
        assert len(ids(take_in(address))) == 5

    assert Stumbling.asked == 10


class Gone(Plain):
    """Lists pictures and gives none."""

    def do_GET(self):
        self.send_error(503) if ".png" in self.path else super().do_GET()


@pytest.mark.usefixtures("no_waiting")
def test_a_server_that_stays_away_ends_the_run_and_refuses_nothing(raw, take_in):
    before = take_in(raw).fingerprint

    with (
        served(raw, Gone) as address,
        pytest.raises(DataError, match=r"does not answer any more.*503.*run it again"),
    ):
        take_in(address)

    assert storage.fingerprint(take_in.home / "examples") == before


class Closed(Plain):
    """Gives one picture to nobody."""

    def do_GET(self):
        self.send_error(403) if "e.png" in self.path else super().do_GET()


def test_a_picture_that_a_server_refuses_is_refused_with_what_it_said(raw, take_in):
    with served(raw, Closed) as address:
        done = take_in(address)

    assert len(done.examples) == 4
    assert "the server answers 403" in done.reason("e.png")


def test_an_address_with_nothing_at_it_is_named(raw):
    with (
        served(raw) as address,
        pytest.raises(DataError, match=r"nothing at http.*/gone\. Set ingest\.path"),
    ):
        Place(f"{address}/gone")


def test_a_server_that_is_not_there_is_named(raw):
    with served(raw) as address:
        pass

    with pytest.raises(DataError, match=r"ingest\.path is http.*Check the address"):
        Place(address)


def test_a_driver_that_is_missing_is_named():
    with pytest.raises(DataError, match=r"gs://x/y, and cannot be read yet.*gcsfs"):
        Place("gs://x/y")


class TestDataSetsOfDvc:
    """A folder that DVC tracks in another git repository."""

    @staticmethod
    def run(folder, *commands):
        environment = {**os.environ, "DVC_NO_ANALYTICS": "1"}
        for command in commands:
            words = command.split()
            if words[0] == "dvc":
                words = [sys.executable, "-m", *words, "--quiet"]
            subprocess.run(words, cwd=folder, check=True, env=environment)

    @pytest.fixture
    def other(self, raw, tmp_path):
        """Another repository, with a first version of the pictures."""
        other = tmp_path / "other"
        other.mkdir()
        self.run(
            other,
            "git init --quiet",
            "git config user.name a",
            "git config user.email a@b.c",
            "dvc init",
        )
        raw.rename(other / "pictures")
        self.run(other, "dvc add pictures", "git add .", "git commit -qm first")
        return other

    @pytest.fixture
    def project(self, tmp_path, monkeypatch):
        project = tmp_path / "project"
        project.mkdir()
        self.run(project, "git init --quiet", "dvc init")
        monkeypatch.chdir(project)
        return project

    def test_a_tracked_folder_of_another_repository_is_read(
        self, other, project, take_in
    ):
        self.run(project, f"dvc dataset add things --dvc {other} --path pictures")
        first = ids(take_in("ds://things"))
        (other / "pictures/e.png").unlink()
        (other / "pictures/#2.png").rename(other / "pictures/e.png")
        self.run(other, "dvc add pictures", "git commit -qam second")
        still = ids(take_in("ds://things"))
        self.run(project, "dvc dataset update things")
        later = take_in("ds://things")

        assert len(first) == 5
        assert still == first  # the revision in dvc.lock counts until it is updated
        assert len(later.examples) == 4
        assert "no such file" in later.reason("#2.png")

    @pytest.mark.usefixtures("project")
    def test_a_data_set_that_nobody_named_is_told_how_to(self):
        with pytest.raises(DataError, match=r"ds://things.*dvc dataset add things"):
            Place("ds://things")


def test_a_folder_on_s3_is_read_like_one_here(raw, take_in, s3):
    s3.create_bucket(Bucket="pictures")
    for path in raw.rglob("*.*"):
        key = f"a set/{path.relative_to(raw)}"
        s3.put_object(Bucket="pictures", Key=key, Body=path.read_bytes())
    far = take_in("s3://pictures/a set")
    s3.put_object(Bucket="pictures", Key="a set/e.png", Body=b"")
    later = take_in("s3://pictures/a set")

    assert ids(far) == ids(take_in(raw))
    assert "the file is empty" in later.reason("e.png")
    with pytest.raises(DataError, match=r"nothing at s3://pictures/gone"):
        Place("s3://pictures/gone")
