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
