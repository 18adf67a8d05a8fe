def test_each_line_beside_a_picture_is_a_caption(tmp_path, save, listed):
    save(tmp_path / "deep/a.JPG")
    (tmp_path / "deep/a.txt").write_bytes("a dog\r\n\r\n一只狗\r\n".encode())

    [item], refused = listed("sidecar_text", tmp_path)

    assert [(c.text, c.lang) for c in item.captions] == [
        ("a dog", "en"),
        ("一只狗", "zh"),
    ]
    assert not refused


def test_what_lacks_the_other_is_refused(tmp_path, save, listed):
    for name in ("a.png", "b.png"):
        save(tmp_path / name)
    for name in ("a.txt", "c.txt"):
        (tmp_path / name).write_text("a dog")
    (tmp_path / "notes.doc").write_text("x")

    [item], refused = listed("sidecar_text", tmp_path)

    assert item.name == "a.png"
    assert {r.source: r.reason for r in refused} == {
        "b.png": "it has no caption",
        "c.txt": "it is a caption without a picture",
        "notes.doc": "it is neither picture nor caption",
    }


def test_real_captions_in_odd_encodings_are_read_and_said(shared, listed):
    items, refused = listed("sidecar_text", shared("dirty/captions_sidecar"))

    found = {i.name: ([c.text for c in i.captions], i.notes) for i in items}
    assert found["big5.jpg"] == (
        ["一隻狗在草地上奔跑"],
        ("captions were read as Big5",),
    )
    assert found["latin1.jpg"][0] == ["un café à la crème"]
    assert found["html.jpg"][0] == ["a dog & a cat"]
    assert found["crlf.jpg"][0] == ["a dog"]
    assert found["utf8_bom.jpg"] == (["一只狗在草地上奔跑"], ())
    assert len(found["multiline.jpg"][0]) == 3
    assert len(refused) == 3


def test_a_character_is_read_as_the_captions_beside_it_are(tmp_path, save, listed):
    for number, text in enumerate(["猫", "狗", "红色的鸟", "两朵花"]):
        save(tmp_path / f"{number}.png", number)
        (tmp_path / f"{number}.txt").write_bytes(text.encode("gb18030"))

    items, _ = listed("sidecar_text", tmp_path)

    assert [item.captions[0].text for item in items] == [
        "猫",
        "狗",
        "红色的鸟",
        "两朵花",
    ]
    assert {item.notes for item in items} == {("captions were read as GBK",)}
