import json

import pytest

from llmvis.datasets.place import Place
from llmvis.errors import DataError

IMAGES = [
    {"id": 1, "file_name": "1.jpg", "license": 3, "coco_url": "http://x.org/1"},
    {"id": 2, "file_name": "2.jpg", "license": 3},
]
ANNOTATIONS = [
    {"image_id": 1, "id": 5, "caption": "a cat"},
    {"image_id": 1, "id": 6, "caption": "a pet"},
    {"image_id": 9, "id": 7, "caption": "a dog"},
]


def write(folder, name="annotations/captions_train2017.json", **changes):
    content = {
        "images": IMAGES,
        "annotations": ANNOTATIONS,
        "licenses": [{"id": 3, "name": "CC BY"}],
        **changes,
    }
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text(json.dumps(content))


def test_a_picture_has_all_of_its_captions_its_license_and_its_split(
    tmp_path, save, listed
):
    save(tmp_path / "train2017/1.jpg")
    write(tmp_path)

    [item], refused = listed("coco_captions", tmp_path)

    assert item.name == "train2017/1.jpg"
    assert [caption.text for caption in item.captions] == ["a cat", "a pet"]
    assert (item.license, item.split) == ("CC BY", "train")
    assert item.origin == "http://x.org/1"
    assert [r.reason for r in refused] == [
        "it has no caption",
        "it is not listed, and has captions: 'a dog'",
    ]


def test_the_same_name_in_two_folders_is_told_apart_by_the_split(
    tmp_path, save, listed
):
    for split in ("train2017", "val2017"):
        save(tmp_path / split / "1.jpg")
    write(tmp_path, "annotations/captions_val2017.json", images=IMAGES[:1])

    [item], _ = listed("coco_captions", tmp_path)

    assert (item.name, item.split) == ("val2017/1.jpg", "validation")


def test_karpathys_form_is_read_with_its_splits(tmp_path, save, listed):
    save(tmp_path / "val2014/1.jpg")
    image = {
        "filepath": "val2014",
        "filename": "1.jpg",
        "split": "restval",
        "sentences": [{"raw": "a cat", "tokens": ["a", "cat"]}],
    }
    write(tmp_path, "dataset_coco.json", images=[image], annotations=[])

    [item], _ = listed("coco_captions", tmp_path)

    assert (item.name, item.split) == ("val2014/1.jpg", "train")
    assert item.captions[0].text == "a cat"


def test_a_file_that_is_cut_off_is_named(tmp_path, listed):
    (tmp_path / "captions.json").write_text('{"images": [{"id": ')

    with pytest.raises(DataError, match=r"captions\.json does not read like COCO"):
        listed("coco_captions", tmp_path)


def test_records_that_are_none_are_refused(tmp_path, save, listed):
    save(tmp_path / "train2017/1.jpg")
    annotations = [*ANNOTATIONS[:1], {"image_id": 1}, "a dog"]
    write(tmp_path, images=[IMAGES[0], "2.jpg"], annotations=annotations)

    [_], refused = listed("coco_captions", tmp_path)

    assert [one.source.partition(" ")[0] for one in refused] == [
        "annotations[1]",
        "annotations[2]",
        "images[1]",
    ]


def test_a_file_of_annotations_may_be_named_itself(tmp_path, save, listed):
    save(tmp_path / "train2017/1.jpg")
    write(tmp_path)

    path = tmp_path / "annotations/captions_train2017.json"
    [item], _ = listed("coco_captions", path)

    assert (item.name, item.split) == ("train2017/1.jpg", "train")
    assert item.picture.read(Place(str(path)))


def test_pictures_that_no_annotation_is_of_are_refused(tmp_path, save, listed):
    for name in ("1", "2", "3"):
        save(tmp_path / f"train2017/{name}.jpg")
    write(tmp_path)

    _, refused = listed("coco_captions", tmp_path)

    assert [(one.source.partition(" ")[0], one.reason) for one in refused] == [
        ("2.jpg", "it has no caption"),
        ("image", "it is not listed, and has captions: 'a dog'"),
        ("train2017/3.jpg", "no annotation is of it"),
    ]
