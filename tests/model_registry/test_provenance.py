import numpy as np
import pytest

from llmvis.errors import RegistryError
from llmvis.model_registry import hashes, provenance
from llmvis.png import decode_png
from llmvis.records import Sample

VERSION = provenance.Version(
    name="llmvis", version=3, model_fingerprint="f00d", data_digest="da7a.dir"
)


@pytest.mark.parametrize("prompt", ["a blue bird", "一只蓝色的小鸟", "café ☂"])
def test_a_picture_says_how_to_draw_it_again(prompt):
    pixels = np.arange(48, dtype="uint8").reshape(4, 4, 3)
    sample = Sample(prompt=prompt, seed=7, image=pixels, unknown_words=())
    png = provenance.encode(sample, VERSION)

    words = provenance.read(png)
    assert (decode_png(png) == pixels).all()
    assert (words["prompt"], words["seed"]) == (prompt, "7")
    assert (words["version"], words["data_digest"]) == ("llmvis 3", "da7a.dir")


def test_a_folder_is_accepted_only_as_it_was(tmp_path):
    (tmp_path / "weights").write_text("a")
    registered = hashes.of_files(tmp_path)
    hashes.verify(tmp_path, registered)

    (tmp_path / "added").write_text("b")
    with pytest.raises(RegistryError, match=r"\['added'\].*not the ones"):
        hashes.verify(tmp_path, registered)
