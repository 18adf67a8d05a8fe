import json
import os
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from llmvis.config import IngestConfig
from llmvis.datasets import image_folder
from llmvis.errors import ConfigError, DataError
from llmvis.records import Refusal

SHARED = Path(__file__).parents[2].parent / "shared" / "data"


SKIN_TONES = {"1F3FB", "1F3FC", "1F3FD", "1F3FE", "1F3FF"}


@pytest.fixture
def config(tmp_path) -> IngestConfig:
    return IngestConfig(
        source="image_folder",
        path=str(tmp_path),
        image_size=32,
        background="#ffffff",
        num_train_scenes=1,
        num_test_scenes=1,
        seed=0,
    )


def write_folder(folder: Path, rows: list[dict], table: str = "metadata.jsonl"):
    """Writes a picture for every row, each of its own colour."""
    folder.mkdir(exist_ok=True)
    for number, row in enumerate(rows):
        Image.new("RGB", (40, 40), (number, 0, 0)).save(folder / row["file_name"])
    lines = [json.dumps(row, ensure_ascii=False) for row in rows]
    (folder / table).write_text("\n".join(lines), "utf-8")


def rows_of(count: int, prefix: str = "thing") -> list[dict]:
    return [
        {"file_name": f"{prefix}{i}.png", "text": f"{prefix} {i}"} for i in range(count)
    ]


def read(config: IngestConfig) -> list:
    return [image_folder.read_item(i, config) for i in image_folder.list_items(config)]


def test_a_csv_table_gives_captions_in_both_languages_and_the_license(tmp_path, config):
    Image.new("RGB", (40, 40)).save(tmp_path / "a.png")
    (tmp_path / "metadata.csv").write_text(
        "file_name,text,text_zh,license,vendor\na.png,a cat,一只猫,CC0,x\n", "utf-8-sig"
    )

    (example,) = read(config)

    assert [(c.text, c.lang) for c in example.captions] == [
        ("a cat", "en"),
        ("一只猫", "zh"),
    ]
    assert example.license == "CC0"
    assert example.image.shape == (32, 32, 3)
    assert (example.width, example.height) == (40, 40)


def test_the_language_of_a_caption_follows_from_its_script(tmp_path, config):
    write_folder(tmp_path, [{"file_name": "a.png", "text": "红色的鸟"}])

    (example,) = read(config)

    assert example.captions[0].lang == "zh"


def test_what_cannot_be_used_is_refused_with_a_reason_and_nothing_is_lost(
    tmp_path, config
):
    write_folder(tmp_path, rows_of(1))
    (tmp_path / "text.png").write_text("no picture")
    with (tmp_path / "metadata.jsonl").open("a", encoding="utf-8") as table:
        table.write('\n{"file_name": "thing0.png", "text": " "}')
        table.write('\n{"file_name": "missing.png", "text": "a cat"}')
        table.write('\n{"file_name": "text.png", "text": "a cat"}')
        table.write('\n{"file_name": "../thing0.png", "text": "a cat"}')
        table.write('\n{"file_name": "thing0.png", "text": "a c')

    results = read(config)

    reasons = [r.reason for r in results if isinstance(r, Refusal)]
    assert len(results) == 6
    assert len(reasons) == 5
    for reason, expected in zip(
        reasons,
        ["no caption", "no such file", "cannot be read", "out of the folder", "no cap"],
        strict=True,
    ):
        assert expected in reason
    assert all(r.fix and "row" in r.source for r in results if isinstance(r, Refusal))


def test_splits_that_the_folder_has_are_kept(tmp_path, config):
    write_folder(tmp_path / "train", rows_of(20, "seen"))
    write_folder(tmp_path / "test", rows_of(5, "new"))

    splits = defaultdict(set)
    for example in read(config):
        splits[example.split].add(example.captions[0].text.split()[0])

    assert splits == {"train": {"seen"}, "validation": {"seen"}, "test": {"new"}}


def test_a_twentieth_is_held_out_for_validation_and_for_test(tmp_path, config):
    lines = [json.dumps(row) for row in rows_of(2000)]
    (tmp_path / "metadata.jsonl").write_text("\n".join(lines))

    splits = [item.split for item in image_folder.list_items(config)]

    assert 60 < splits.count("validation") < 140
    assert 60 < splits.count("test") < 140


def test_what_has_the_same_caption_stays_in_one_split_when_the_folder_grows(
    tmp_path, config
):
    def splits_of(rows: list[dict]) -> dict[str, set[str]]:
        (tmp_path / "metadata.jsonl").write_text("\n".join(map(json.dumps, rows)))
        found = defaultdict(set)
        for item in image_folder.list_items(config):
            found[item.row["text"].lower()].add(item.split)
        return found

    few = splits_of(rows_of(300))
    many = splits_of(
        [*rows_of(600), *({**r, "text": r["text"].upper()} for r in rows_of(600))]
    )

    assert all(len(splits) == 1 for splits in many.values())
    assert all(many[caption] == splits for caption, splits in few.items())


@pytest.mark.parametrize("count", [3, 10])
def test_even_a_tiny_folder_has_something_in_every_split(count, tmp_path, config):
    write_folder(tmp_path, rows_of(count))

    splits = {example.split for example in read(config)}

    assert splits == {"train", "validation", "test"}


def test_a_missing_folder_is_named_with_the_key_to_set(config):
    with pytest.raises(DataError, match=r"no folder nowhere.*ingest\.path"):
        image_folder.list_items(replace(config, path="nowhere"))


def test_a_folder_without_captions_is_told_which_file_to_add(config):
    with pytest.raises(DataError, match=r"metadata\.csv.*file_name"):
        image_folder.list_items(config)


def test_a_table_without_rows_is_refused(tmp_path, config):
    (tmp_path / "metadata.csv").write_text("file_name,text\n")

    with pytest.raises(DataError, match="no rows"):
        image_folder.list_items(config)


def test_a_table_with_other_columns_is_told_which_it_needs(tmp_path, config):
    (tmp_path / "metadata.csv").write_text("image,caption\na.png,a cat\n")

    with pytest.raises(DataError, match=r"'caption'.*file_name and text"):
        image_folder.list_items(config)


def test_a_table_that_is_not_utf8_is_named(tmp_path, config):
    (tmp_path / "metadata.csv").write_bytes("file_name,text\na,é\n".encode("latin1"))

    with pytest.raises(DataError, match=r"metadata\.csv is not UTF-8"):
        image_folder.list_items(config)


def test_a_background_that_is_no_color_is_refused_before_anything_is_read(config):
    with pytest.raises(ConfigError, match=r"ingest\.background"):
        image_folder.list_items(replace(config, background="whit"))


def real_data(name: str) -> str:
    """Names a folder of real data; it may only be missing on a developer's machine."""
    folder = SHARED / name
    if not folder.is_dir() and os.environ.get("CI") != "true":
        pytest.skip(f"no {folder}")
    return str(folder)


def test_the_same_emoji_by_any_vendor_in_any_skin_tone_stays_in_one_split(config):
    items = image_folder.list_items(replace(config, path=real_data("emoji")))
    splits = defaultdict(set)
    for item in items:
        parts = item.row["codepoints"].split("-")
        shape = tuple(part for part in parts if part not in SKIN_TONES)
        splits[shape].add(item.split)

    assert len(items) > 11_000
    assert all(len(found) == 1 for found in splits.values())


def test_a_hugging_face_folder_keeps_its_test_set(config):
    path = real_data("formats/hf_imagefolder_jsonl")
    items = image_folder.list_items(replace(config, path=path))
    examples = [image_folder.read_item(item, config) for item in items[:20]]

    splits = [item.split for item in items]
    assert splits.count("test") == 200
    assert splits.count("train") + splits.count("validation") == 800
    assert all(len(example.captions) == 2 for example in examples)


def test_hostile_files_are_refused_one_by_one_and_the_rest_is_read(config):
    config = replace(config, path=real_data("dirty"))
    results = read(config)
    read_well = [r for r in results if not isinstance(r, Refusal)]

    assert len(results) == 49
    assert len(read_well) == 37
    assert all(example.image.shape == (32, 32, 3) for example in read_well)
