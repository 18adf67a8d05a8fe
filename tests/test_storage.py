import errno
import json
import os

import numpy as np
import pyarrow.parquet as pq
import pytest

from llmvis import storage
from llmvis.errors import MissingStage, StorageError
from llmvis.records import Caption, Example, Refusal, Tokens


def example(number, split="train"):
    image = np.full((4, 6, 3), number, np.uint8)
    image[0, 0] = (255, 0, number)
    return Example(
        example_id=f"{number:064x}",
        image=image,
        captions=(Caption("a red cat", "en"), Caption("一只红色的猫", "zh")),
        split=split,
        group_id=f"group {number}",
        source="drawn",
        license="CC0-1.0",
        width=60,
        height=40,
    )


def _write_600(folder):
    with storage.ExamplesWriter(folder) as writer:
        for number in range(600):
            writer.add(example(number % 256))
        for number in range(2):
            writer.add(example(number, "validation"))
        writer.refuse(Refusal(source="b.png", reason="broken", fix="replace it"))


@pytest.fixture
def folder(tmp_path):
    """600 examples of train, more than fit one row group, and 2 of validation."""
    _write_600(tmp_path)
    return tmp_path


def _write_half(folder, error):
    (folder / "file").write_text("half")
    raise error


def _fill_the_disk(folder):
    (folder / "train.parquet").symlink_to("/dev/full")
    _write_600(folder)


class TestStaged:
    def test_what_is_written_takes_the_place(self, tmp_path):
        with storage.staged(tmp_path / "out") as staging:
            (staging / "file").write_text("new")

        assert (tmp_path / "out/file").read_text() == "new"
        assert [path.name for path in tmp_path.iterdir()] == ["out"]

    def test_what_stood_there_goes(self, tmp_path):
        (tmp_path / "out").mkdir()
        (tmp_path / "out/old").write_text("old")
        with storage.staged(tmp_path / "out") as staging:
            (staging / "file").write_text("new")

        assert [path.name for path in (tmp_path / "out").iterdir()] == ["file"]

    @pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
    def test_an_error_leaves_what_stood_there_and_nothing_else(self, tmp_path, error):
        (tmp_path / "out").mkdir()
        (tmp_path / "out/old").write_text("old")
        with pytest.raises(error), storage.staged(tmp_path / "out") as staging:
            _write_half(staging, error)

        assert (tmp_path / "out/old").read_text() == "old"
        assert [path.name for path in tmp_path.iterdir()] == ["out"]

    def test_a_full_disk_is_named_with_what_to_do(self, tmp_path):
        full = OSError(errno.ENOSPC, "No space left on device")
        with (
            pytest.raises(StorageError, match=r"No space left.*Free some space"),
            storage.staged(tmp_path / "out"),
        ):
            raise full

    def test_a_disk_that_fills_up_in_the_middle_is_named(self, tmp_path):
        with (
            pytest.raises(StorageError, match="No space left"),
            storage.staged(tmp_path / "out") as staging,
        ):
            _fill_the_disk(staging)

        assert list(tmp_path.iterdir()) == []

    def test_a_source_that_may_not_be_read_is_not_taken_for_the_output(self, tmp_path):
        refused = PermissionError(errno.EACCES, "Permission denied", "/raw/cat.png")
        with (
            pytest.raises(PermissionError, match="cat"),
            storage.staged(tmp_path / "o"),
        ):
            raise refused

    @pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
    def test_a_place_that_cannot_be_written_is_named(self, tmp_path):
        tmp_path.chmod(0o500)
        with pytest.raises(StorageError, match="out"), storage.staged(tmp_path / "out"):
            pass


class TestExamples:
    def test_an_example_comes_back_as_it_was(self, folder):
        [first, _] = storage.read_examples(folder, "validation")

        assert np.array_equal(first.image, example(0).image)
        assert first.captions == example(0).captions
        assert (first.width, first.height, first.group_id) == (60, 40, "group 0")

    def test_order_is_kept_over_row_groups(self, folder):
        ids = storage.read_table(folder, "train", ["example_id"]).example_id

        assert list(ids) == [f"{number % 256:064x}" for number in range(600)]

    def test_the_splits_are_those_that_were_added(self, folder):
        assert storage.splits(folder) == ["train", "validation"]

    def test_a_table_has_no_pictures_unless_asked(self, folder):
        assert "image" not in storage.read_table(folder, "validation").columns

    @pytest.mark.parametrize("limit", [1, 511, 512, 513, 600])
    def test_as_many_pictures_are_read_as_asked(self, folder, limit):
        images = storage.read_images(folder, "train", limit)

        assert images.shape == (limit, 4, 6, 3)
        assert images[-1, -1, -1, -1] == (limit - 1) % 256

    def test_pictures_come_in_batches_and_none_is_lost(self, folder):
        sizes = [len(block) for block in storage.iterate_images(folder, "train", 250)]

        assert sum(sizes) == 600
        assert max(sizes) <= 250

    def test_pictures_are_picked_by_position(self, folder):
        images = storage.pick_images(folder, "train", [3, 511, 512, 599])

        assert list(images[:, -1, -1, -1]) == [3, 255, 0, 87]

    def test_unpacked_pictures_are_the_same_as_read_ones(self, folder, tmp_path):
        unpacked = storage.unpack_images(folder, "train", tmp_path / "pixels")

        assert np.array_equal(unpacked, storage.read_images(folder, "train"))

    def test_captions_are_read_for_each_example(self, folder):
        captions = storage.read_captions(folder, "validation")

        assert captions == [["a red cat", "一只红色的猫"]] * 2

    def test_what_was_refused_is_kept_with_its_reason(self, folder):
        [row] = pq.read_table(folder / storage.QUARANTINE).to_pylist()

        assert row == {"source": "b.png", "reason": "broken", "fix": "replace it"}

    def test_a_folder_without_examples_names_the_stage_to_run(self, tmp_path):
        with pytest.raises(MissingStage, match="llmvis ingest"):
            storage.splits(tmp_path)

    @pytest.mark.parametrize(
        "read",
        [
            storage.read_table,
            storage.read_images,
            storage.read_captions,
            lambda *where: list(storage.read_examples(*where)),
            lambda *where: storage.pick_images(*where, [0]),
        ],
    )
    def test_a_split_that_is_not_there_names_the_stage_to_run(self, folder, read):
        with pytest.raises(MissingStage, match=r"test_seen.*llmvis ingest"):
            read(folder, "test_seen")

    def test_other_readers_are_told_that_the_column_holds_pictures(self, folder):
        metadata = pq.read_schema(folder / "train.parquet").metadata

        features = json.loads(metadata[b"huggingface"])["info"]["features"]
        assert features["image"] == {"_type": "Image"}


def test_tokens_come_back_as_they_were(tmp_path):
    tokens = Tokens(
        codes=np.arange(8, dtype=np.int8).reshape(1, 2, 2, 2),
        token_ids=np.array([[1, 2, 0]], np.int32),
        starts=np.array([0, 1]),
    )
    storage.write_tokens(tmp_path, "train", tokens)
    again = storage.read_tokens(tmp_path, "train")

    assert np.array_equal(again.codes, tokens.codes)
    assert np.array_equal(again.token_ids, tokens.token_ids)
    assert np.array_equal(again.starts, tokens.starts)


def test_tokens_that_are_not_there_name_the_stage_to_run(tmp_path):
    with pytest.raises(MissingStage, match="llmvis tokenize"):
        storage.read_tokens(tmp_path, "train")


def test_json_comes_back_as_it_was(tmp_path):
    storage.write_json(tmp_path / "a.json", {"猫": [1, None]})

    assert storage.read_json(tmp_path / "a.json", "evaluate") == {"猫": [1, None]}
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


class TestFingerprint:
    def test_it_is_the_same_for_the_same_files(self, tmp_path):
        for name in ("a", "b"):
            (tmp_path / name / "deep").mkdir(parents=True)
            (tmp_path / name / "deep/file").write_text("x")

        first, second = tmp_path / "a", tmp_path / "b"
        assert storage.fingerprint(first) == storage.fingerprint(second)

    def test_files_may_be_left_out_of_it(self, tmp_path):
        (tmp_path / "file").write_text("x")
        before = storage.fingerprint(tmp_path)
        (tmp_path / "more").write_text("")

        assert storage.fingerprint(tmp_path, without=["more"]) == before

    @pytest.mark.parametrize("change", ["content", "name", "more"])
    def test_it_changes_with_any_byte_and_any_name(self, tmp_path, change):
        (tmp_path / "file").write_text("x")
        before = storage.fingerprint(tmp_path)
        match change:
            case "content":
                (tmp_path / "file").write_text("y")
            case "name":
                (tmp_path / "file").rename(tmp_path / "other")
            case "more":
                (tmp_path / "more").write_text("")

        assert storage.fingerprint(tmp_path) != before
