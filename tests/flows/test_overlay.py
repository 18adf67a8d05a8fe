import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from flows import overlay
from llmvis import config
from llmvis.errors import ConfigError

ORIGINAL = Path(__file__).parents[2] / "params.yaml"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The current folder, with the params.yaml of the project."""
    shutil.copy(ORIGINAL, tmp_path / "params.yaml")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_values_are_read_as_yaml():
    values = overlay.read_settings(
        ["train.num_steps=7", "train.learning_rate=1e-2", "ingest.path=../a b"]
    )
    assert values == {
        "train": {"num_steps": 7, "learning_rate": 0.01},
        "ingest": {"path": "../a b"},
    }


@pytest.mark.parametrize("setting", ["train.num_steps", "num_steps=3", ".a=3", "a.=3"])
def test_a_setting_of_another_form_is_refused_with_an_example(setting):
    with pytest.raises(ConfigError, match="for example"):
        overlay.read_settings([setting])


def test_only_what_is_named_changes():
    text = overlay.merged({"train": {"num_steps": 7}})
    before = ORIGINAL.read_text().splitlines()
    changed = [line for line in text.splitlines() if line not in before]

    assert [line.split("#")[0].strip() for line in changed] == ["num_steps: 7"]


def test_comments_are_kept():
    assert "# raw -> examples" in overlay.merged({"train": {"num_steps": 7}})


def test_a_later_overlay_wins():
    text = overlay.merged({"train": {"num_steps": 7}}, {"train": {"num_steps": 8}})
    overlay.PARAMS.write_text(text)

    assert config.read().train.num_steps == 8


def test_a_misspelt_key_is_named_with_the_one_that_is_meant():
    with pytest.raises(ConfigError, match=r"train\.num_stesp.*mean `num_steps`"):
        overlay.merged({"train": {"num_stesp": 7}})


def test_a_misspelt_section_is_named_with_the_one_that_is_meant():
    with pytest.raises(ConfigError, match=r"`trian`.*mean `train`"):
        overlay.merged({"trian": {"num_steps": 7}})


def test_a_value_of_the_wrong_type_is_refused():
    with pytest.raises(ConfigError, match=r"train\.num_steps is 'many'"):
        overlay.merged({"train": {"num_steps": "many"}})


def test_the_original_comes_back_at_the_end():
    with overlay.in_place(overlay.merged({"train": {"num_steps": 7}})):
        assert config.read().train.num_steps == 7

    assert overlay.PARAMS.read_text() == ORIGINAL.read_text()
    assert not overlay.KEPT.exists()


def test_the_original_comes_back_after_an_error():
    with (
        pytest.raises(KeyboardInterrupt),
        overlay.in_place(overlay.merged({"train": {"num_steps": 7}})),
    ):
        raise KeyboardInterrupt

    assert overlay.PARAMS.read_text() == ORIGINAL.read_text()


def test_the_original_comes_back_after_a_kill(folder):
    script = (
        "import os; from flows import overlay\n"
        "with overlay.in_place(overlay.merged({'train': {'num_steps': 7}})):\n"
        "    os.kill(os.getpid(), 9)"
    )
    process = subprocess.run([sys.executable, "-c", script], cwd=folder, check=False)
    assert process.returncode == -signal.SIGKILL
    assert config.read().train.num_steps == 7

    assert overlay.restore()
    assert overlay.PARAMS.read_text() == ORIGINAL.read_text()
