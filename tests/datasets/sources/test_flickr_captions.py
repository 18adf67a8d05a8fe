import pytest

TOKENS = "1.jpg#0\tA child .\n1.jpg#1\tA girl , in pink .\n"
PIPES = "image_name| comment_number| comment\n1.jpg| 0| A child .\n"
PIPES += "1.jpg| 1| A girl , in pink .\n"
COMMAS = 'image,caption\n1.jpg,A child .\n1.jpg,"A girl , in pink ."\n'


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Flickr8k.token.txt", TOKENS),
        ("results.csv", PIPES),
        ("captions.txt", COMMAS),
    ],
)
def test_every_form_gives_all_captions_of_a_picture(tmp_path, save, listed, name, text):
    save(tmp_path / "Images/1.jpg")
    (tmp_path / name).write_text(text)

    [item], refused = listed("flickr_captions", tmp_path)

    assert item.name == "Images/1.jpg"
    assert [c.text for c in item.captions] == ["A child .", "A girl , in pink ."]
    assert not refused


def test_the_files_of_splits_are_heeded(tmp_path, save, listed):
    save(tmp_path / "1.jpg")
    (tmp_path / "Flickr8k.token.txt").write_text(TOKENS)
    (tmp_path / "Flickr_8k.devImages.txt").write_text("1.jpg\n")

    [item], _ = listed("flickr_captions", tmp_path)

    assert item.split == "validation"


def test_lines_and_pictures_that_lack_the_other_are_refused(tmp_path, save, listed):
    for name in ("1.jpg", "2.jpg"):
        save(tmp_path / name)
    (tmp_path / "captions.txt").write_text(COMMAS + "no image here\n")

    _, refused = listed("flickr_captions", tmp_path)

    assert [(r.source, r.reason) for r in refused] == [
        ("line 4 (captions.txt)", "it names no image file"),
        ("2.jpg (captions.txt)", "no caption is of it"),
    ]
