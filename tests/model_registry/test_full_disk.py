"""A registry whose disk is full: a small one of its own, which only root can mount."""

import os
import subprocess

import pytest

from llmvis.model_registry import champions, fetching, hashes, store, versions

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="Only root can mount a disk.")
MEBIBYTE = 2**20


@pytest.fixture
def disk(tmp_path, monkeypatch):
    """A store on a disk of 8 MiB; a function that leaves so many bytes of it free."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "none", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("No disk can be mounted here.")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder / 'mlflow.db'}")
    monkeypatch.chdir(tmp_path)

    def leave(num_bytes):
        (folder / "filling").unlink(missing_ok=True)
        about = os.statvfs(folder)
        free = about.f_bavail * about.f_frsize
        if num_bytes is not None:
            (folder / "filling").write_bytes(b"0" * (free - num_bytes))

    yield leave
    store.connect()._get_registry_client().store.engine.dispose()
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_what_does_not_fit_leaves_nothing_half(
    disk, any_folder, report_folder, sampling, tmp_path
):
    def register(weights):
        (any_folder / "generator.keras").write_bytes(weights * MEBIBYTE)
        return versions.register(any_folder, report_folder, "llmvis", sampling)

    register(b"1")
    champions.appoint("llmvis", 1, "a test", 0)
    for left in (0, 4096, 65536, 2**19, 3 * 2**18):
        disk(left)
        with pytest.raises(Exception, match=r"full|No space left|disk I/O"):
            register(b"2")
        assert [version.version for version in versions.list_versions("llmvis")] == [1]
    disk(None)
    register(b"2")
    disk(0)
    with pytest.raises(Exception, match=r"full|No space left|disk I/O"):
        champions.appoint("llmvis", 2, "a test", 1)
    assert versions.champion("llmvis").version == 1

    disk(None)
    assert champions.appoint("llmvis", 2, "a test", 1).version == 2
    for version in versions.list_versions("llmvis"):
        folder = tmp_path / str(version.version)
        folder.mkdir()
        hashes.verify(fetching.fetch_model(version, folder), version.files)
