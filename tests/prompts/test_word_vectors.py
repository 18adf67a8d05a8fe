import numpy as np
import pytest
import spacy

from llmvis.errors import ConfigError
from llmvis.prompts import word_vectors

GLOVE = "the 0.1 0.2 -0.3\nbird 1 2 3\n. . 7 8 9\n鸟 4 5 6\n"


@pytest.fixture
def glove(tmp_path):
    path = tmp_path / "glove.txt"
    path.write_text(GLOVE, "utf-8")
    return str(path)


@pytest.fixture
def fasttext(tmp_path):
    path = tmp_path / "wiki.vec"
    lines = [f"{line} " for line in GLOVE.splitlines()]  # fastText ends them so
    path.write_text("\n".join(["4 3", *lines]) + "\n", "utf-8")
    return str(path)


@pytest.fixture
def package(tmp_path):
    nlp = spacy.blank("en")
    nlp.vocab.set_vector("bird", np.array([1, 2, 3], "float32"))
    nlp.to_disk(tmp_path / "package")
    return str(tmp_path / "package")


@pytest.fixture(params=["glove", "fasttext", "package"])
def source(request):
    return request.getfixturevalue(request.param)


def test_every_form_says_how_long_its_vectors_are(source):
    assert word_vectors.num_channels(source) == 3


def test_a_word_is_found_and_one_that_is_lacking_is_left_out(source):
    found = word_vectors.read(source, {"bird", "zebra"})

    assert found.keys() == {"bird"}
    assert found["bird"].tolist() == [1, 2, 3]


def test_words_of_other_scripts_and_with_spaces_are_found(glove, fasttext):
    for source in (glove, fasttext):
        found = word_vectors.read(source, {"鸟", ". .", "the"})

        assert found["鸟"].tolist() == [4, 5, 6]
        assert found[". ."].tolist() == [7, 8, 9]
        assert found["the"].dtype == np.float32


def test_a_source_that_knows_no_word_is_named(source):
    with pytest.raises(ConfigError, match="knows none of the 1 words"):
        word_vectors.read(source, {"zebra"})


@pytest.mark.parametrize(
    "content",
    [
        b"bird 1 2 3\nfish 1 2\n",
        b"bird 1 2 three\n",
        b"prompt,image\na bird,bird.png\n",
        b"2 3\nbird \xff\xfe\x00\x01",
    ],
)
def test_a_file_of_another_form_is_told_what_form_it_should_have(tmp_path, content):
    path = tmp_path / "vectors"
    path.write_bytes(content)

    with pytest.raises(ConfigError, match=r"not in the text format of GloVe.*\.vec"):
        word_vectors.read(
            str(path), {"bird", "fish", "prompt,image", "a bird,bird.png"}
        )


def test_an_empty_file_is_named(tmp_path):
    (tmp_path / "empty.txt").touch()

    with pytest.raises(ConfigError, match="no word in it"):
        word_vectors.num_channels(str(tmp_path / "empty.txt"))


def test_what_is_neither_a_file_nor_a_package_is_named():
    with pytest.raises(ConfigError, match="spacy download en_no_such"):
        word_vectors.num_channels("en_no_such")


def test_a_package_without_vectors_is_told_from_one_with(tmp_path):
    spacy.blank("en").to_disk(tmp_path / "small")

    with pytest.raises(ConfigError, match="md or lg"):
        word_vectors.num_channels(str(tmp_path / "small"))
