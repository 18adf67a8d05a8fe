"""Programs that XLA compiled: where they are kept, and that they are used."""

import os
import subprocess
import sys

import pytest

from llmvis import compiled_programs

FOLDER = "--tf_xla_persistent_cache_directory"
COMPILE = """
from llmvis import environment
environment.prepare()
import tensorflow as tf
print(tf.function(lambda x: x * x + 1, jit_compile=True)(tf.range(4.0)).numpy())
"""


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("TF_XLA_FLAGS", "--tf_xla_max_cluster_size=100")
    return tmp_path / "llmvis" / "compiled"


def test_the_next_process_takes_the_program_of_the_first(cache):
    first, second = (
        subprocess.run(
            [sys.executable, "-c", COMPILE], capture_output=True, text=True, check=True
        )
        for _ in range(2)
    )
    programs = list(cache.glob("*/*"))

    assert first.stdout == second.stdout == "[ 1.  2.  5. 10.]\n"
    assert len(programs) == 1
    assert "cpu_aot" not in second.stderr


def test_flags_of_the_user_stay(cache):
    compiled_programs.keep()
    flags = os.environ["TF_XLA_FLAGS"]
    compiled_programs.keep()

    assert flags.startswith(f"--tf_xla_max_cluster_size=100 {FOLDER}={cache}")
    assert os.environ["TF_XLA_FLAGS"] == flags


def test_a_folder_of_the_user_is_taken(cache, monkeypatch):
    monkeypatch.setenv("TF_XLA_FLAGS", f"{FOLDER}=mine")
    compiled_programs.keep()

    assert os.environ["TF_XLA_FLAGS"] == f"{FOLDER}=mine"
    assert not cache.exists()


def test_without_a_folder_everything_is_compiled_anew(cache):
    cache.parent.mkdir()
    cache.write_text("a file where the folder should be")
    compiled_programs.keep()

    assert os.environ["TF_XLA_FLAGS"] == "--tf_xla_max_cluster_size=100"


def test_only_the_newest_programs_stay(cache, monkeypatch):
    monkeypatch.setattr(compiled_programs, "_MOST", 2)
    compiled_programs.keep()
    (folder,) = cache.iterdir()
    for age, name in enumerate(["newest", "next", "old", "oldest"]):
        (folder / name).touch()
        os.utime(folder / name, (1e9 - age, 1e9 - age))
    monkeypatch.setenv("TF_XLA_FLAGS", "")
    compiled_programs.keep()

    assert {path.name for path in folder.iterdir()} == {"newest", "next"}
