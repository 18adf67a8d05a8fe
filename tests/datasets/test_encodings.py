import pytest

from llmvis.datasets.encodings import decode, find_usual

SIMPLIFIED = "红色的鸟站在花上，很好看"
TRADITIONAL = "一隻狗在草地上奔跑"


@pytest.mark.parametrize(
    ("text", "codec", "name"),
    [
        (SIMPLIFIED, "utf-8", "UTF-8"),
        (SIMPLIFIED, "utf-8-sig", "UTF-8"),
        (SIMPLIFIED, "gb18030", "GBK"),
        (TRADITIONAL, "big5", "Big5"),
        (TRADITIONAL, "utf-16", "UTF-16"),
        (TRADITIONAL, "utf-32", "UTF-32"),
        ("a cat on a mat", "utf-16-le", "UTF-16"),
        ("a cat on a mat", "utf-16-be", "UTF-16"),
        ("un café à la crème", "latin-1", "Latin-1"),
        ("Straße mit “Öl”", "cp1252", "Latin-1"),
        ("Äpfel", "latin-1", "Latin-1"),
        ("Água", "latin-1", "Latin-1"),
        ("鸟", "gb18030", "GBK"),
        ("两只猫", "gb18030", "GBK"),
        ("3 朵", "gb18030", "GBK"),
        ("", "utf-8", "UTF-8"),
    ],
)
def test_text_comes_back_with_the_name_of_its_encoding(text, codec, name):
    assert decode(text.encode(codec)) == (text, name)


def test_bytes_that_are_no_text_give_some_text_and_no_error():
    assert decode(bytes(range(128, 256)) * 3)[1] == "Latin-1"
    assert decode(b"\xff\xfe\x00\xd8")[1] == "UTF-16"


SHORT = {
    "gb18030": (["猫", "狗", "红色的鸟", "a", "两朵花"], "GBK"),
    "big5": (["貓", "狗", "紅色的鳥", "a", "兩朵花"], "Big5"),
    "latin-1": (["é", "Ää", "un café", "a", "Öl"], "Latin-1"),
    "utf-8": (["猫", "é", "Ää", "a", "花"], "UTF-8"),
}


@pytest.mark.parametrize("codec", SHORT)
def test_one_character_is_read_as_the_texts_beside_it_are(codec):
    texts, name = SHORT[codec]
    encoded = [text.encode(codec) for text in texts]
    usual = find_usual(encoded)

    assert [decode(data, usual)[0] for data in encoded] == texts
    assert {decode(data, usual)[1] for data in encoded} == {name} | (
        {"UTF-8"} if codec != "utf-8" else set()
    )


def test_a_long_text_is_read_for_what_it_is_whatever_is_usual():
    usual = find_usual(["红色的鸟".encode("gb18030")] * 3)

    assert decode(TRADITIONAL.encode("big5"), usual) == (TRADITIONAL, "Big5")
    assert decode(TRADITIONAL.encode("utf-8"), usual) == (TRADITIONAL, "UTF-8")


def test_texts_in_several_encodings_are_read_one_by_one():
    texts = [
        TRADITIONAL.encode("big5"),
        "un café très bon à la crème brûlée".encode("latin-1"),
    ]
    usual = find_usual(texts)

    assert usual is None
    assert [decode(text, usual)[1] for text in texts] == ["Big5", "Latin-1"]


def test_texts_in_ascii_leave_open_what_is_usual():
    assert find_usual([b"a cat", b"a dog"]) is None
