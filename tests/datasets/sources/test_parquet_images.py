import pandas as pd


def write(path, **columns):
    path.parent.mkdir(exist_ok=True)
    pd.DataFrame(columns).to_parquet(path)


def png(tmp_path, save, number=0):
    save(tmp_path / "any/a.png", number)
    data = (tmp_path / "any/a.png").read_bytes()
    (tmp_path / "any/a.png").unlink()
    return data


def test_hugging_faces_struct_is_read_and_its_files_name_the_splits(
    tmp_path, save, listed, take_in
):
    for number, split in enumerate(("train", "test")):
        image = {"bytes": png(tmp_path, save, number), "path": "a.png"}
        name = f"data/{split}-00000-of-00001.parquet"
        write(tmp_path / name, image=[image], text=["a cat"], text_zh=["猫"])

    items, refused = listed("parquet_images", tmp_path)

    assert [item.split for item in items] == ["test", "train"]
    assert [c.lang for c in items[0].captions] == ["en", "zh"]
    assert not refused
    assert take_in(tmp_path).counts == {"test": 1, "train": 1, "refused": 0}


def test_img2datasets_columns_are_read_and_its_failures_kept(tmp_path, save, listed):
    write(
        tmp_path / "00000.parquet",
        url=["http://x.org/1", "http://x.org/2"],
        caption=["a cat", "a dog"],
        key=["000000", "000001"],
        error_message=[None, "HTTP Error 404"],
        jpg=[png(tmp_path, save), None],
    )

    [item], [refused] = listed("parquet_images", tmp_path)

    assert (item.name, item.origin) == ("00000.parquet/000000", "http://x.org/1")
    assert refused.reason == "there is no picture: HTTP Error 404"


def test_a_cell_without_bytes_is_refused_when_it_is_read(tmp_path, save, take_in):
    images = [{"bytes": png(tmp_path, save)}, {"bytes": None}]
    write(tmp_path / "0.parquet", image=images, text=["a cat", "a dog"])

    done = take_in(tmp_path)

    assert done.counts == {"train": 1, "refused": 1}
    assert done.reason("0.parquet/2") == "its cell holds no picture"


def test_a_broken_file_is_refused_beside_whole_ones(tmp_path, save, take_in):
    write(tmp_path / "0.parquet", image=[png(tmp_path, save)], text=["a cat"])
    write(tmp_path / "1.parquet", image=[png(tmp_path, save, 1)], text=["a dog"])
    write(tmp_path / "2.parquet", image=[png(tmp_path, save, 2)], text=["an owl"])
    data = (tmp_path / "1.parquet").read_bytes()
    (tmp_path / "1.parquet").write_bytes(data[:-9])
    data = (tmp_path / "2.parquet").read_bytes()
    (tmp_path / "2.parquet").write_bytes(data[:4] + b"\xff" * 60 + data[64:])

    done = take_in(tmp_path)

    assert done.counts == {"train": 1, "refused": 2}
    assert "no whole parquet file" in done.reason("1.parquet")
    assert "broken" in done.reason("2.parquet/1")
