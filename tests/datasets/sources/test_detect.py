import pytest

from llmvis.datasets.place import Place
from llmvis.datasets.sources import detect
from llmvis.errors import DataError


def test_a_folder_without_captions_is_told_what_to_add(tmp_path, save):
    save(tmp_path / "images/a.png")

    with pytest.raises(DataError, match=r"images/a\.png.*metadata\.csv.*text file"):
        detect(Place(str(tmp_path)))


def test_nothing_at_all_is_named_with_the_key_to_set(tmp_path):
    with pytest.raises(DataError, match=r"nothing at .*gone.*ingest\.path"):
        Place(str(tmp_path / "gone"))


def test_an_address_without_a_driver_is_named():
    with pytest.raises(DataError, match=r"ingest\.path is quux://x, and cannot"):
        Place("quux://x")


@pytest.mark.parametrize("name", ["shards.tar.gz", "all.zip"])
def test_an_archive_is_told_to_be_unpacked(name, tmp_path):
    (tmp_path / name).write_bytes(b"PK")

    for place in (tmp_path, tmp_path / name):
        with pytest.raises(DataError, match=rf"{name}.*Unpack it.*only \.tar"):
            detect(Place(str(place)))


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("emoji", "image_folder"),
        ("formats/hf_imagefolder_jsonl", "image_folder"),
        ("formats/hf_parquet", "parquet_images"),
        ("dirty/captions_sidecar", "sidecar_text"),
    ],
)
def test_real_sets_are_known_for_what_they_are(shared, name, source):
    assert detect(Place(str(shared(name)))) == source
