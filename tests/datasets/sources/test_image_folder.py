import json

import pandas as pd
import pytest

from llmvis.errors import DataError


def texts(item):
    return [(caption.text, caption.lang) for caption in item.captions]


def test_a_csv_gives_captions_in_their_languages_and_what_else_is_known(
    tmp_path, save, listed
):
    save(tmp_path / "a.png")
    (tmp_path / "metadata.csv").write_text(
        "file_name,text,text_zh,text_fr,license,url,vendor\n"
        "a.png,a cat,一只猫,un chat,CC0,https://x.org/1,y\n",
        "utf-8-sig",
    )

    [item], refused = listed("image_folder", tmp_path)

    assert texts(item) == [("a cat", "en"), ("一只猫", "zh"), ("un chat", "fr")]
    assert (item.license, item.origin, item.split) == ("CC0", "https://x.org/1", None)
    assert not refused


def test_json_lines_may_hold_several_captions_and_a_split(tmp_path, save, listed):
    save(tmp_path / "a.png")
    row = {"file_name": "a.png", "text": ["a cat", "红色的鸟"], "split": "val"}
    (tmp_path / "metadata.jsonl").write_text(json.dumps(row))

    [item], _ = listed("image_folder", tmp_path)

    assert texts(item) == [("a cat", "en"), ("红色的鸟", "zh")]
    assert item.split == "validation"


def test_a_parquet_table_is_read_too(tmp_path, save, listed):
    save(tmp_path / "a.png")
    table = pd.DataFrame({"file_name": ["a.png"], "text": [["a cat", "a pet"]]})
    table.to_parquet(tmp_path / "metadata.parquet")

    [item], _ = listed("image_folder", tmp_path)

    assert texts(item) == [("a cat", "en"), ("a pet", "en")]


def test_tables_in_folders_of_splits_give_the_split(tmp_path, save, listed):
    for split in ("train", "test"):
        save(tmp_path / split / "a.png")
        (tmp_path / split / "metadata.csv").write_text("file_name,text\na.png,a cat\n")

    items, _ = listed("image_folder", tmp_path)

    assert [(i.name, i.split) for i in items] == [
        ("test/a.png", "test"),
        ("train/a.png", "train"),
    ]


def test_a_row_without_caption_file_or_json_is_refused_by_its_number(tmp_path, listed):
    rows = ['{"file_name": "a.png", "text": " "}', '{"text": "a cat"}', '{"file_na']
    (tmp_path / "metadata.jsonl").write_text("\n".join(rows))

    items, refused = listed("image_folder", tmp_path)

    assert not items
    assert [(r.source, r.reason) for r in refused] == [
        ("a.png (row 1 of metadata.jsonl)", "it has no caption"),
        (" (row 2 of metadata.jsonl)", "it names no file"),
        (" (row 3 of metadata.jsonl)", "it is not a line of JSON"),
    ]


def test_a_table_with_other_columns_is_told_which_it_needs(tmp_path, listed):
    (tmp_path / "metadata.csv").write_text("picture,words\na.png,a cat\n")

    with pytest.raises(DataError, match=r"'picture'.*file_name and text"):
        listed("image_folder", tmp_path)


@pytest.mark.parametrize("encoding", ["GBK", "Big5", "UTF-16"])
def test_a_table_in_another_encoding_is_read_and_said(tmp_path, listed, encoding):
    table = "file_name,text\na.png,一個紅色的杯子和一本書\n"
    (tmp_path / "metadata.csv").write_bytes(table.encode(encoding))

    [item], _ = listed("image_folder", tmp_path)

    assert item.captions[0].text == "一個紅色的杯子和一本書"
    assert item.notes == (f"captions were read as {encoding}",)


def test_pictures_that_no_row_names_are_refused(tmp_path, save, listed):
    for name in ("a.png", "b.png", "more/c.png"):
        save(tmp_path / name)
    (tmp_path / "metadata.csv").write_text("file_name,text\n./a.png,a cat\n")

    [_], refused = listed("image_folder", tmp_path)

    assert [(one.source, one.reason) for one in refused] == [
        ("b.png", "no row names it"),
        ("more/c.png", "no row names it"),
    ]


def test_a_caption_with_a_comma_that_is_not_quoted_is_refused(tmp_path, save, listed):
    save(tmp_path / "a.png")
    save(tmp_path / "b.png")
    (tmp_path / "metadata.csv").write_text(
        "file_name,text\na.png,a cat, red\nb.png,a dog,\n"
    )

    [item], [refused] = listed("image_folder", tmp_path)

    assert texts(item) == [("a dog", "en")]
    assert "more cells" in refused.reason


def test_a_column_of_numbers_is_no_caption_in_indonesian(tmp_path, save, listed):
    save(tmp_path / "a.png")
    (tmp_path / "metadata.csv").write_text(
        "file_name,caption_id,caption\na.png,902,a cat\n"
    )

    assert texts(listed("image_folder", tmp_path)[0][0]) == [("a cat", "en")]


def test_tables_beside_and_below_each_other_are_all_read(tmp_path, save, listed):
    for name in ("a.png", "sub/b.png", "sub/deeper/c.png"):
        save(tmp_path / name)
        table = (tmp_path / name).parent / "metadata.csv"
        table.write_text(f"file_name,text\n{name[-5:]},a {name[-5]}\n")

    items, refused = listed("image_folder", tmp_path)

    assert [item.name for item in items] == ["a.png", "sub/b.png", "sub/deeper/c.png"]
    assert not refused


def test_a_picture_that_two_tables_name_is_of_the_first(tmp_path, save, listed):
    for name in ("a.png", "b.png", "sub/c.png"):
        save(tmp_path / name)
    rows = [{"file_name": name, "text": "a pet"} for name in ("a.png", "./b.png")]
    (tmp_path / "metadata.csv").write_text("file_name,text\na.png,a\nsub/c.png,c\n")
    (tmp_path / "metadata.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (tmp_path / "sub/metadata.csv").write_text("file_name,text\nc.png,a cup\n")

    items, refused = listed("image_folder", tmp_path)

    assert [item.captions[0].text for item in items] == ["a", "c", "a pet"]
    assert [(one.source, one.reason) for one in refused] == [
        ("a.png (row 1 of metadata.jsonl)", "metadata.csv names it already"),
        ("sub/c.png (row 1 of metadata.csv)", "metadata.csv names it already"),
    ]


def test_a_table_that_is_none_is_refused_beside_one_that_is(tmp_path, save, listed):
    save(tmp_path / "a.png")
    (tmp_path / "metadata.csv").write_text("file_name,text\na.png,a cat\n")
    (tmp_path / "other").mkdir()
    (tmp_path / "other/metadata.csv").write_text("row,mean\n1,2\n")
    (tmp_path / "other/metadata.parquet").write_bytes(b"PAR1")

    [item], refused = listed("image_folder", tmp_path)

    assert item.name == "a.png"
    assert [one.source for one in refused] == [
        "other/metadata.csv",
        "other/metadata.parquet",
    ]
    assert "'mean', 'row'" in refused[0].reason
    assert "no whole parquet file" in refused[1].reason


def test_an_archive_in_the_folder_is_said_not_to_be_opened(tmp_path, save, listed):
    save(tmp_path / "a.png")
    (tmp_path / "more.zip").write_bytes(b"PK")
    (tmp_path / "metadata.csv").write_text("file_name,text\na.png,a cat\n")

    _, [refused] = listed("image_folder", tmp_path)

    assert (refused.source, refused.reason[:16]) == ("more.zip", "it is an archive")


def test_a_quotation_mark_that_is_not_closed_takes_no_row_with_it(tmp_path, listed):
    rows = ['a.png,"a cat', 'b.png,"a dog"', "c.png,an elk", 'd.png,"a', 'fox"']
    rows += ['e.png,"an owl', "f.png,a crow", "g.png,a bee"]
    (tmp_path / "metadata.csv").write_text("\n".join(["file_name,text", *rows]))

    items, refused = listed("image_folder", tmp_path)

    assert [item.name for item in items] == [f"{n}.png" for n in "bcdfg"]
    assert [item.captions[0].text for item in items][2] == "a\nfox"
    assert [one.source for one in refused] == [
        " (row 1 of metadata.csv)",
        " (row 5 of metadata.csv)",
    ]
    assert "not closed" in refused[0].reason
