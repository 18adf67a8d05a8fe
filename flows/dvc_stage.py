"""Brings one DVC stage up to date, in a process group that ends as a whole.

Cancelling a run inside `dvc.repo.Repo.reproduce` would leave the stage's own process
writing into its outputs, and so would killing the `dvc` process alone.
"""

import contextlib
import logging
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from flows import module_process, progress
from llmvis import sections
from llmvis.errors import ConfigError, DataError, StageFailed

_LOCK_FILE = Path("dvc.lock")
_SECONDS_BETWEEN_LOOKS = 1.0


def needed_for(stage: str) -> list[str]:
    """Names `stage` and all that feeds it, in the order in which DVC runs them."""
    from dvc.repo.reproduce import plan_repro

    with _repo() as repo:
        plan = plan_repro(repo.index.graph, repo.stage.collect(stage))
        return [step.addressing for step in plan]


def is_clean(stage: str) -> bool:
    """Asks DVC whether the files, params and command of `stage` are as last run."""
    with _repo() as repo:
        return not repo.status(targets=[stage])


def has_remote() -> bool:
    """Says whether the project names a place to push data and models to."""
    with _repo() as repo:
        return bool(repo.config["core"].get("remote"))


def cache_folder() -> str:
    """Says where DVC keeps copies of all outputs."""
    with _repo() as repo:
        return repo.cache.local_cache_dir


def share_cache(folder: str) -> None:
    """Has this copy of a project keep its outputs with those of another, for good."""
    with _repo() as repo, repo.config.edit("local") as settings:
        settings["cache"]["dir"] = folder


def bring_up_to_date(
    stage: str, on_progress: Callable[[dict], None] | None = None
) -> None:
    """Runs `stage` unless it is clean, and tells the person which.

    Raises:
        DataError: Something that it reads is not there.
        RegistryError: Training begins with a version that is not there.
        StageFailed: The stage ended with an error.
    """
    from flows import start  # it brings pandas, and `llmvis --help` needs none

    if stage == start.FIRST_READER:
        start.bring(lambda: all(map(is_clean, start.READERS)))
    if is_clean(stage):
        progress.say(f"{stage:<9} is up to date")
        return
    _require_inputs(stage)
    progress.say(f"{stage:<9} {_description(stage)}")
    started = time.monotonic()
    run_stage(stage, on_progress)
    progress.say(f"{stage:<9} done in {time.monotonic() - started:.0f} s")


def run_stage(stage: str, on_progress: Callable[[dict], None] | None = None) -> None:
    """Runs `stage` if it is not clean, and only it.

    However it ends, by an exception in this process too, no process of it is left;
    if it fails, its earlier outputs are put back.

    Args:
        stage: Its name in dvc.yaml.
        on_progress: Called at most once a second with `{"done", "total", "text"}`.

    Raises:
        StageFailed: The stage ended with an error.
    """
    # Quiet, because what DVC says of a failure says less than the stage does.
    options = ["--wait-for-lock", "repro", "--quiet", "--single-item", stage]
    with _earlier_outputs_back_unless_done(stage):
        _run(stage, ["dvc", *options], on_progress or (lambda _: None))


def run_beside(name: str) -> None:
    """Runs `python -m flows NAME`, which is no stage, with the same care.

    Raises:
        StageFailed: It ended with an error.
    """
    _run(name, ["flows", name], lambda _: None)


def check_out(stages: Collection[str]) -> None:
    """Puts the outputs of some stages, as dvc.lock names them, into this folder.

    Raises:
        ConfigError: An output is not in DVC's cache.
    """
    with _repo() as repo:
        for out in _outputs(repo):
            if out.stage.addressing in stages:
                out.checkout(force=True)


def go_back(lock: bytes) -> None:
    """Puts an earlier dvc.lock back, and the outputs that it names.

    What only the present one names goes; its copy stays in DVC's cache.

    Args:
        lock: Content of the earlier dvc.lock; empty where there was none.

    Raises:
        ConfigError: An output is not in DVC's cache any more.
    """
    _mend_lock_file(lock)
    with _repo() as repo:
        made = {out.fs_path for out in _outputs(repo) if out.hash_info}
    _LOCK_FILE.unlink(missing_ok=True)
    if lock:
        _LOCK_FILE.write_bytes(lock)
    with _repo() as repo:
        for out in _outputs(repo):
            if out.hash_info:
                out.checkout(force=True)
            elif out.fs_path in made:
                shutil.rmtree(out.fs_path, ignore_errors=True)


def _outputs(repo) -> list:
    # Not what `dvc add` tracks: a person may have changed that since.
    return [out for out in repo.index.outs if not out.stage.is_data_source]


def _run(name: str, command: list[str], on_progress: Callable[[dict], None]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        progress_file = Path(folder, "progress.json")
        if _exit_code(command, progress_file, on_progress):
            raise StageFailed(_why(name, progress.read(progress_file)))


def _exit_code(
    command: list[str], progress_file: Path, on_progress: Callable[[dict], None]
) -> int:
    """Starts a module and watches it to its end."""
    process = module_process.start(command, progress_file)
    seen: dict = {}
    try:
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                return process.wait(_SECONDS_BETWEEN_LOOKS)
            content = progress.read(progress_file)
            if content != seen and "error" not in content:
                on_progress(content)
            seen = content
    finally:
        module_process.end(process)
        progress.bring_back_cursor()


@contextlib.contextmanager
def _earlier_outputs_back_unless_done(stage: str) -> Iterator[None]:
    """Puts the outputs of the last good run back if the body raises.

    DVC deletes outputs before it starts a stage, and has their copies in its cache.
    """
    record = _LOCK_FILE.read_bytes() if _LOCK_FILE.exists() else b""
    try:
        yield
    except BaseException:
        try:
            _mend_lock_file(record)
            _put_back_outputs(stage)
        except (ConfigError, OSError) as error:  # the first reason is the one to tell
            progress.say(f"`dvc checkout` may bring back earlier outputs: {error}")
        raise


def _mend_lock_file(earlier: bytes) -> None:
    # DVC does not write it in one go, and cannot read what is cut off.
    try:
        sections.read_yaml(_LOCK_FILE)
    except ConfigError:
        _LOCK_FILE.unlink(missing_ok=True)
        if earlier:
            _LOCK_FILE.write_bytes(earlier)


def _put_back_outputs(stage: str) -> None:
    with _repo() as repo:
        [target] = repo.stage.collect(stage)
        for out in target.outs:
            path = Path(out.fs_path)
            shutil.rmtree(path.with_name(f".{path.name}.writing"), ignore_errors=True)
            if out.persist:  # what a run adds to, such as checkpoints, outlives it
                continue
            if out.hash_info:
                out.checkout(force=True)
            else:
                shutil.rmtree(path, ignore_errors=True)


def _require_inputs(stage: str) -> None:
    with _repo() as repo:
        [target] = repo.stage.collect(stage)
        # What has no path is a data set of DVC, ds://NAME; ingest says what it lacks.
        files = [dep for dep in target.deps if dep.fs_path]
        missing = [dep.def_path for dep in files if not dep.exists]
    if missing:
        raise DataError(
            f"The `{stage}` stage reads {missing[0]}, and there is no such file or "
            "folder. Put it there, or name the folder of your pictures as ingest.path."
        )


def _description(stage: str) -> str:
    with _repo() as repo:
        [target] = repo.stage.collect(stage)
        return target.desc or ""


def _why(stage: str, content: dict) -> str:
    reason = content.get("error")
    if reason:
        return f"The `{stage}` stage stopped: {reason}"
    return (
        f"The `{stage}` stage ended without giving a reason. Most often it was killed "
        "for want of memory: try a smaller batch_size. If not, see "
        f".dvc/tmp/{stage}.log, or what `python -m flows {stage}` says."
    )


@contextlib.contextmanager
def _repo():
    """Opens the DVC repository anew: dvc.lock may have changed since."""
    # DVC takes 0.9 s to import, and `llmvis --help` needs none of it.
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    # It warns of what the next run mends: locks of killed runs, empty outputs.
    logging.getLogger("dvc").setLevel(logging.ERROR)
    try:
        with Repo() as repo:
            yield repo
    except DvcException as error:
        raise ConfigError(f"DVC cannot read this project: {error}") from error
