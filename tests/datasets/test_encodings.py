import pytest

from llmvis.datasets.encodings import decode

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
        ("", "utf-8", "UTF-8"),
    ],
)
def test_text_comes_back_with_the_name_of_its_encoding(text, codec, name):
    assert decode(text.encode(codec)) == (text, name)


def test_bytes_that_are_no_text_give_some_text_and_no_error():
    assert decode(bytes(range(128, 256)) * 3)[1] == "Latin-1"
    assert decode(b"\xff\xfe\x00\xd8")[1] == "UTF-16"
