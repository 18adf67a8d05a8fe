import os


def test_the_folder_is_the_caption_and_those_above_are_the_split(
    tmp_path, save, listed
):
    save(tmp_path / "train/red_fox/1.jpg")
    save(tmp_path / "test/017.Owl/1.png")

    items, refused = listed("class_folders", tmp_path)

    found = [(item.captions[0].text, item.split) for item in items]
    assert found == [("Owl", "test"), ("red fox", "train")]
    assert not refused


def test_a_file_in_no_class_is_refused(tmp_path, save, listed):
    for name in ("fox/1.png", "owl/1.png", "lost.png"):
        save(tmp_path / name)

    items, [refused] = listed("class_folders", tmp_path)

    assert len(items) == 2
    assert (refused.source, refused.reason) == (
        "lost.png",
        "it is in no folder of a class",
    )


def test_what_a_file_manager_leaves_is_no_item(tmp_path, save, listed):
    for name in ("fox/1.png", "owl/1.png"):
        save(tmp_path / name)
    for name in ("fox/Thumbs.db", "fox/.DS_Store"):
        (tmp_path / name).write_text("x")

    assert len(listed("class_folders", tmp_path)[0]) == 2


def test_names_that_are_no_utf_8_are_spelt_out(tmp_path, save, take_in):
    save(tmp_path / "fox/1.png")
    save(tmp_path / "owl/2.png", 1)
    data = (tmp_path / "owl/2.png").read_bytes()
    (tmp_path / "owl" / os.fsdecode(b"\xe4.png")).write_bytes(data)
    (tmp_path / "owl" / os.fsdecode(b"\xe5.png")).write_bytes(b"")

    done = take_in(tmp_path)

    assert done["\\udce4.png"].captions[0].text == "owl"
    assert "is empty" in done.reason("\\udce5.png")
