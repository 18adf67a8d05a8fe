"""Whole ingests of small folders: what gets in, what is refused, what goes where."""

import io
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from collections import defaultdict
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from PIL import Image

from llmvis.datasets.item import refuse_unread
from llmvis.datasets.place import Place
from llmvis.errors import ConfigError, DataError

ROOT = Path(__file__).parents[2]


def write(folder, rows):
    lines = [json.dumps(row, ensure_ascii=False) for row in rows]
    (folder / "metadata.jsonl").write_text("\n".join(lines), "utf-8")


def fill(folder, save, numbers, prefix="thing"):
    """Pictures that look like no other, each with a caption of its own."""
    for number in numbers:
        save(folder / f"{number}.png", number)
    write(folder, [{"file_name": f"{n}.png", "text": f"{prefix} {n}"} for n in numbers])


def splits_of(done):
    return {example.source.split("/")[-1]: example.split for example in done.examples}


class TestNothingIsLost:
    def test_every_real_hostile_file_is_read_or_refused_with_its_reason(
        self, shared, take_in
    ):
        done = take_in(shared("dirty"))

        assert len(done.examples) == 36
        # Ten more lie in the two other folders, and no row of this table names them.
        assert len(done.reasons) == done.counts["refused"] == 13 + 10
        for name, reason in {
            "truncated_jpeg.jpg": "is broken: OSError",
            "truncated_image.png": "is broken: OSError",
            "broken.png": "is broken, or in no format",
            "tRNS_null_1x1.png": "1 by 1",
            "decompression_bomb.gif": "far too large",
            "avif_hopper.heif": "HEIC is not",
            "zero_byte.jpg": "is empty",
            "truncated_200B.jpg": "is broken",
            "bomb_12000x9000.png": "far too large",
            "extreme_aspect_5000x3.png": "5000 by 3",
            "float32.tif": "floating-point",
            "Thumbs.db": "in no format",
            "../dirty/images/hopper.jpg": "out of the folder",
            "captions_sidecar/crlf.jpg": "no row names it",
        }.items():
            assert reason in done.reason(name)
        assert done["hopper_orientation_6.jpg"].width == 128

    def test_paths_and_links_out_of_the_folder_are_refused(
        self, tmp_path, save, take_in
    ):
        inside, outside = tmp_path / "in", tmp_path / "secret.png"
        save(outside)
        save(inside / "a.png", 1)
        (inside / "link.png").symlink_to(outside)
        (inside / "same.png").symlink_to(inside / "a.png")
        (inside / "folder").symlink_to(tmp_path)
        os.mkfifo(inside / "pipe.png")
        names = ["a.png", "same.png", "link.png", "folder/secret.png", "../secret.png"]
        names += [str(outside), "pipe.png", "http://x.org/a.png", "gone.png", "a\0.png"]
        write(inside, [{"file_name": name, "text": name} for name in names])

        done = take_in(inside)

        assert len(done.examples) == 2
        reasons = list(done.reasons.values())
        assert [r for r in reasons if "out of the folder" in r] == reasons[:4]
        assert "it is no file" in done.reason("pipe.png")
        assert "address of a picture" in done.reason("http:")
        assert "no such file" in done.reason("gone.png")
        assert len(reasons) == 8

    def test_a_folder_that_may_not_be_read_is_refused(self, save):
        with TemporaryDirectory() as shelf:  # pytest's own are closed to other users
            folder, shut = Path(shelf, "set"), Path(shelf, "set/shut")
            fill(folder, save, range(3))
            save(shut / "9.png", 9)
            Path(shelf).chmod(0o755)
            shut.chmod(0)
            is_root = os.geteuid() == 0  # who may read everything
            if is_root:
                os.seteuid(65534)
            try:
                [refused] = refuse_unread(Place(str(folder)))
            finally:
                if is_root:
                    os.seteuid(0)
                shut.chmod(0o755)

        assert refused.source == "shut"
        assert refused.reason == "the folder cannot be read: Permission denied"

    def test_captions_that_nobody_can_read_are_refused_and_the_rest_cleaned(
        self, tmp_path, save, take_in
    ):
        texts = {
            "long": "x" * 24_000,
            "html": "<!DOCTYPE html><html>not found</html>",
            "nul": "a\0 cat\ufeff",
            "tags": "a <b>big</b> cat &amp; dog",
        }
        for number, (name, text) in enumerate(texts.items()):
            save(tmp_path / f"{name}.png", number)
            (tmp_path / f"{name}.txt").write_text(text, "utf-8")

        done = take_in(tmp_path)

        assert "24000 characters" in done.reason("long.png")
        assert "HTML page" in done.reason("html.png")
        assert done["nul.png"].captions[0].text == "a cat"
        assert done["tags.png"].captions[0].text == "a big cat & dog"

    def test_a_half_character_is_taken_out_and_deep_brackets_are_too_long(
        self, tmp_path, save, take_in
    ):
        rows = [
            {"file_name": "half.png", "text": "a cat \ud83d"},
            {"file_name": "deep.png", "text": "[" * 100_000},
        ]
        table = "\n".join(map(json.dumps, rows))
        (tmp_path / "metadata.jsonl").write_text(table)
        for number, name in enumerate(("half", "deep")):
            save(tmp_path / f"{name}.png", number)

        done = take_in(tmp_path)

        assert done["half.png"].captions[0].text == "a cat"
        assert "100000 characters" in done.reason("deep.png")

    def test_a_source_of_which_nothing_can_be_used_leaves_earlier_output(
        self, tmp_path, save, take_in
    ):
        fill(tmp_path, save, range(3))
        before = take_in(tmp_path).fingerprint
        write(tmp_path, [{"file_name": "0.png", "text": ""}] * 3)

        with pytest.raises(
            DataError, match=r"no training example.*5 refused.*0\.png.*no caption"
        ):
            take_in(tmp_path, "image_folder")

        from llmvis import storage

        assert storage.fingerprint(take_in.home / "examples") == before

    def test_a_background_that_is_no_color_is_refused_before_anything_is_read(
        self, tmp_path, save, take_in
    ):
        fill(tmp_path, save, range(3))

        with pytest.raises(ConfigError, match=r"ingest\.background"):
            take_in(tmp_path, background="whit")


class TestSplits:
    def test_a_twentieth_is_held_out_and_stays_where_it_is_as_the_folder_grows(
        self, tmp_path, save, take_in
    ):
        fill(tmp_path, save, range(200))
        before = splits_of(take_in(tmp_path))
        fill(tmp_path, save, range(240))
        after = splits_of(take_in(tmp_path))

        counts = list(after.values())
        assert 3 < counts.count("test") < 30
        assert 3 < counts.count("validation") < 30
        assert {name: after[name] for name in before} == before

    def test_no_example_moves_while_a_handful_grows_into_a_set(
        self, tmp_path, save, take_in
    ):
        before = {}
        for count in (2, 3, 5, 9, 20, 60):
            fill(tmp_path, save, range(count))
            after = splits_of(take_in(tmp_path))
            assert {name: after[name] for name in before} == before
            before = after

        assert set(before.values()) == {"train", "validation", "test"}

    def test_no_example_moves_as_its_caption_becomes_that_of_a_class(
        self, tmp_path, save, take_in
    ):
        def add(numbers):
            for number in numbers:
                save(tmp_path / f"{number}.png", number)
            rows = [{"file_name": f"{n}.png", "text": "a fox"} for n in numbers]
            others = [{"file_name": f"{n}.png", "text": f"b {n}"} for n in range(9)]
            write(tmp_path, rows + others)
            return splits_of(take_in(tmp_path))

        before, after = add(range(10, 40)), add(range(10, 160))

        assert {name: after[name] for name in before} == before
        assert len(set(after.values())) == 3

    def test_what_was_added_is_where_it_would_be_if_all_were_new(
        self, tmp_path, save, take_in
    ):
        for count in (60, 150):
            fill(tmp_path, save, range(count))
            grown = splits_of(take_in(tmp_path))
        shutil.rmtree(take_in.home / "examples")

        assert splits_of(take_in(tmp_path)) == grown

    def test_earlier_examples_that_cannot_be_read_are_named(
        self, tmp_path, save, take_in
    ):
        fill(tmp_path, save, range(9))
        take_in(tmp_path)
        (take_in.home / "examples/train.parquet").write_bytes(b"PAR1")

        with pytest.raises(DataError, match=r"train\.parquet.*dvc checkout"):
            take_in(tmp_path)

    @pytest.mark.parametrize("count", [3, 10])
    def test_even_a_tiny_folder_has_something_in_every_split(
        self, count, tmp_path, save, take_in
    ):
        fill(tmp_path, save, range(count))

        assert set(splits_of(take_in(tmp_path)).values()) == {
            "train",
            "validation",
            "test",
        }

    def test_look_alikes_share_a_group_and_a_split(self, tmp_path, save, take_in):
        fill(tmp_path, save, range(100))
        rows = [{"file_name": f"{n}.png", "text": f"thing {n}"} for n in range(100)]
        for number in range(100):
            save(tmp_path / f"{number}.jpg", number, size=(48, 48), quality=60)
            rows.append({"file_name": f"{number}.jpg", "text": f"another {number}"})
        write(tmp_path, rows)

        groups, splits = defaultdict(set), defaultdict(set)
        for example in take_in(tmp_path).examples:
            number = re.search(r"(\d+)\.", example.source)[1]
            groups[number].add(example.group_id)
            splits[example.group_id].add(example.split)

        assert sum(len(ids) == 1 for ids in groups.values()) >= 95
        assert all(len(found) == 1 for found in splits.values())
        assert len(splits) > 80

    def test_the_same_pixels_are_one_group_whatever_they_are_called(
        self, tmp_path, save, take_in
    ):
        fill(tmp_path, save, range(40))
        for number in range(40):
            save(tmp_path / f"{number}.png", 1)

        done = take_in(tmp_path)

        assert len({example.group_id for example in done.examples}) == 1
        assert len(done.examples) == 40

    def test_splits_of_the_source_are_kept_and_its_leaks_refused(
        self, tmp_path, save, take_in
    ):
        rows = []
        for number, split in enumerate(["train"] * 8 + ["validation", "test"]):
            save(tmp_path / f"{number}.png", number)
            rows.append({"file_name": f"{number}.png", "text": "a", "split": split})
        rows.append({"file_name": "9.png", "text": "b", "split": "train"})
        write(tmp_path, rows)

        done = take_in(tmp_path)

        assert done.counts == {"train": 8, "validation": 1, "test": 1, "refused": 1}
        assert "later split" in done.reason("9.png (row 11")

    @pytest.mark.parametrize("number_of_pictures", [30, 150])
    def test_a_class_is_not_held_out_as_a_whole(
        self, number_of_pictures, tmp_path, save, take_in
    ):
        for number in range(number_of_pictures):
            name = ("fox", "owl", "elk")[number % 3]
            save(tmp_path / name / f"{number}.png", number)

        classes = defaultdict(set)
        for example in take_in(tmp_path).examples:
            classes[example.captions[0].text].add(example.split)

        assert all("train" in splits for splits in classes.values())

    def test_real_emoji_of_any_vendor_and_skin_stay_in_one_split(self, shared):
        import pandas as pd

        from llmvis.datasets import reading, sources
        from llmvis.datasets.place import Place

        place = Place(str(shared("emoji")))
        items = list(sources.SOURCES["image_folder"].list_items(place))
        table = pd.read_csv(shared("emoji") / "metadata.csv")
        shape = table.codepoints.str.replace(r"-?1F3F[B-F]", "", regex=True)
        keys = pd.Series([reading.caption_key(item) for item in items])

        assert len(items) == len(table) > 11_000
        assert keys.groupby(shape).nunique().max() == 1

    def test_a_real_test_set_is_kept(self, shared, take_in):
        done = take_in(shared("formats/hf_parquet"))

        assert done.counts["test"] == 200
        assert sum(done.counts.values()) == 1000
        assert all(len(example.captions) == 2 for example in done.examples)


class TestAgain:
    def test_what_is_added_removed_and_changed_is_noticed_as_if_all_were_new(
        self, tmp_path, save, take_in
    ):
        fill(tmp_path, save, range(50))
        first = take_in(tmp_path)
        fill(tmp_path, save, range(3, 60))
        save(tmp_path / "5.png", 1000)
        again = take_in(tmp_path)
        (take_in.home / "cache/pictures.sqlite").unlink()

        assert again.fingerprint == take_in(tmp_path).fingerprint
        assert again["/5.png"].example_id != first["/5.png"].example_id

    def test_an_unchanged_file_is_not_decoded_again(
        self, tmp_path, save, take_in, monkeypatch
    ):
        from llmvis.datasets import reading

        fill(tmp_path, save, range(10))
        first = take_in(tmp_path)
        save(tmp_path / "0.png", 99)
        read = []

        def counting(data, *arguments):
            read.append(data)
            return read_square(data, *arguments)

        read_square = reading.read_square
        monkeypatch.setattr(reading, "read_square", counting)
        second = take_in(tmp_path)

        assert read == [(tmp_path / "0.png").read_bytes()]
        assert second.fingerprint != first.fingerprint

    def test_a_broken_cache_is_begun_anew(self, tmp_path, save, take_in):
        fill(tmp_path, save, range(10))
        first = take_in(tmp_path)
        (take_in.home / "cache/pictures.sqlite").write_bytes(b"no database" * 1000)

        assert take_in(tmp_path).fingerprint == first.fingerprint


KILLED_RUN = """
import sys
from dataclasses import replace
from pathlib import Path
from llmvis import config
from llmvis.datasets.ingestion import ingest

if __name__ == "__main__":
    params, raw, home = map(Path, sys.argv[1:])
    ingest(
        replace(
            config.read(params).ingest,
            source="image_folder", path=str(raw), image_size=32,
        ),
        home / "examples",
        cache=home / "cache",
        num_processes=2,
        report=lambda *_: None,
    )
"""


def num_cached(path):
    if not path.exists():
        return 0
    with closing(sqlite3.connect(path, timeout=60)) as base:
        try:
            return base.execute("SELECT count(*) FROM entries").fetchone()[0]
        except sqlite3.OperationalError:  # not made yet
            return 0


def test_a_run_that_was_killed_goes_on_to_the_same_bytes(tmp_path, save, take_in):
    raw, script = tmp_path / "raw", tmp_path / "run.py"
    raw.mkdir()
    fill(raw, save, range(1500))
    script.write_text(KILLED_RUN)
    whole = take_in(raw).fingerprint
    shutil.rmtree(take_in.home)

    cached = []
    for enough in (200, 700):
        command = [sys.executable, script, ROOT / "params.yaml", raw, take_in.home]
        process = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT)})
        while num_cached(take_in.home / "cache/pictures.sqlite") < enough:
            assert process.poll() is None
            time.sleep(0.01)
        process.kill()
        process.wait()
        cached.append(num_cached(take_in.home / "cache/pictures.sqlite"))

    assert not (take_in.home / "examples").exists()
    assert 200 <= cached[0] < cached[1] < 1500
    assert take_in(raw).fingerprint == whole


def test_the_card_shows_pictures_numbers_and_refusals_and_escapes_captions(
    tmp_path, save, take_in
):
    fill(tmp_path, save, range(30), prefix="<script>alert(1)</script> thing")
    with (tmp_path / "metadata.jsonl").open("a") as table:
        table.write('\n{"file_name": "gone.png", "text": "lost"}')
    page = (take_in(tmp_path).folder / "card.html").read_text("utf-8")

    assert page.count('<img src="data:image/png;base64,') >= 30
    assert "there is no such file" in page
    assert "<script" not in page
    assert "http" not in page
    image = re.search(r"base64,([^\"]+)", page)[1]
    import base64

    assert Image.open(io.BytesIO(base64.b64decode(image))).size == (32, 32)


def test_the_card_says_what_captions_name_how_even_splits_are_and_what_was_left_out(
    tmp_path, save, take_in
):
    rows = []
    for number in range(30):
        save(tmp_path / f"{number}.png", number)
        text = f"a red bird and a tree, number {number}"
        row = {"file_name": f"{number}.png", "text": text, "text_zh": f"鸟 {number}"}
        rows.append({**row, "text_french": "un oiseau", "split": "train"})
    for row in rows[:3]:
        row["split"] = "test"
    write(tmp_path, rows)
    page = (take_in(tmp_path).folder / "card.html").read_text("utf-8")
    plain = re.sub(r"(<[^>]*>|\s)+", " ", page)

    assert "Captions that name a thing the judge knows bird 60 tree 30" in plain
    assert re.search(r"train \d+ 50\.0 % 50\.0 % 2\.00 [\d.]+ 1\.50", plain)
    assert "columns were not read: text_french: 30 items" in plain
