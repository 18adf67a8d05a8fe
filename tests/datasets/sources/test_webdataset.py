import io
import json
import tarfile

import pytest


def pack(path, members):
    """Writes members in order: name -> bytes, or a TarInfo as it is."""
    with tarfile.open(path, "w") as tar:
        for name, data in members:
            info = tarfile.TarInfo(name)
            if isinstance(data, bytes):
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
            else:
                info.type, info.linkname = data
                tar.addfile(info)


@pytest.fixture
def png(tmp_path, save):
    save(tmp_path / "any/a.png", 3)
    data = (tmp_path / "any/a.png").read_bytes()
    (tmp_path / "any/a.png").unlink()
    return data


def test_members_of_one_name_are_one_record(tmp_path, png, listed, take_in):
    facts = {"caption": "a cat", "license": "CC0", "url": "http://x.org"}
    members = [
        ("0001.png", png),
        ("0001.txt", b"a dog\na hound"),
        ("a/0002.json", json.dumps(facts).encode()),
        ("a/0002.jpg", png),
    ]
    pack(tmp_path / "00000.tar", members)

    [first, second], refused = listed("webdataset", tmp_path)

    assert [caption.text for caption in first.captions] == ["a dog", "a hound"]
    assert [caption.text for caption in second.captions] == ["a cat"]
    assert (second.license, second.origin) == ("CC0", "http://x.org")
    assert not refused
    assert take_in(tmp_path)["0001.png"].width == 32


def test_members_that_escape_are_refused_and_nothing_is_unpacked(tmp_path, png, listed):
    members = [
        ("../../evil.png", png),
        ("/etc/evil.png", png),
        ("link.png", (tarfile.SYMTYPE, "/etc/passwd")),
        ("1.png", png),
        ("1.txt", b"a cat"),
    ]
    pack(tmp_path / "0.tar", members)

    items, refused = listed("webdataset", tmp_path)

    assert [item.name for item in items] == ["1.png"]
    assert [r.reason for r in refused] == [
        "its path points out of the tar",
        "its path points out of the tar",
        "it is a link or a device",
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0.tar", "any"]


def test_a_tar_that_is_cut_off_keeps_what_was_whole(tmp_path, png, listed):
    members = [(f"{i}.{end}", png) for i in range(3) for end in ("txt", "png")]
    members = [(name, b"a cat" if "txt" in name else data) for name, data in members]
    pack(tmp_path / "0.tar", members)
    data = (tmp_path / "0.tar").read_bytes()
    with tarfile.open(tmp_path / "0.tar") as tar:
        last_header = tar.getmember("2.txt").offset
    (tmp_path / "0.tar").write_bytes(data[: last_header + 100])

    items, [refused] = listed("webdataset", tmp_path)

    assert [item.name for item in items] == ["0.png", "1.png"]
    assert "it breaks off" in refused.reason


def test_a_record_without_picture_or_caption_is_refused(tmp_path, png, listed):
    members = [("1.txt", b"a cat"), ("2.png", png), ("3.png", png), ("3.json", b"{")]
    pack(tmp_path / "0.tar", members)

    _, refused = listed("webdataset", tmp_path)

    assert [r.source for r in refused] == ["1 (0.tar)", "2 (0.tar)", "3 (0.tar)"]
    assert "there is no picture, only .txt" in refused[0].reason
    assert "no caption" in refused[1].reason
    assert ".json is broken" in refused[2].reason


def test_a_member_larger_than_its_tar_is_refused(tmp_path, png, listed):
    members = [("0.png", png), ("0.txt", b"a cat"), ("1.png", png), ("1.txt", b"a dog")]
    pack(tmp_path / "0.tar", members)
    whole = (tmp_path / "0.tar").read_bytes()
    header = tarfile.TarInfo("2.png")
    header.size = 2**40
    end = whole.rindex(b"a dog") + 512 - whole.rindex(b"a dog") % 512
    (tmp_path / "0.tar").write_bytes(whole[:end] + header.tobuf())

    items, refused = listed("webdataset", tmp_path)

    assert [item.name for item in items] == ["0.png", "1.png"]
    assert "the tar ends before it does" in [one.reason for one in refused]


def test_a_tar_that_is_a_link_out_of_the_folder_is_refused(tmp_path, png, listed):
    here = tmp_path / "here"
    here.mkdir()
    pack(here / "0.tar", [("0.png", png), ("0.txt", b"a cat")])
    (here / "1.tar").symlink_to(tmp_path / "elsewhere.tar")

    [_], [refused] = listed("webdataset", here)

    assert refused.source == "1.tar"


def test_what_lies_beside_the_tars_is_refused(tmp_path, png, listed):
    pack(tmp_path / "00000.tar", [("1.png", png), ("1.txt", b"a cat")])
    (tmp_path / "loose.png").write_bytes(png)
    (tmp_path / "00001.tar.gz").write_bytes(b"\x1f\x8b")
    (tmp_path / "00000_stats.json").write_text("{}")

    [_], refused = listed("webdataset", tmp_path)

    assert [(one.source, one.reason[:16]) for one in refused] == [
        ("loose.png", "it is in no tar"),
        ("00001.tar.gz", "it is an archive"),
    ]
