"""Makes a registered version again, from what its run keeps, in a folder of its own."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import dvc.config

from flows import dvc_stage, git, overlay, progress, start
from llmvis import config, storage
from llmvis.errors import ConfigError, StageFailed
from llmvis.model_registry import fetching, measuring, recipes, runs, versions
from llmvis.model_registry.provenance import Version
from llmvis.model_registry.recipes import Repetition

_git = partial(git.ask, fix="If the commit is of another clone, `git fetch` it first.")
_FROM_CACHE = "project"  # the project's DVC cache, as a remote of the new folder


def reproduce(version: Version, folder: Path) -> Repetition:
    """Checks out code, params and examples of a version, and runs what follows.

    The examples come from the project's DVC cache or from its remote; everything after
    them is made again, and nothing of it is registered.

    Args:
        version: Which one.
        folder: Where; it must not be there yet.

    Raises:
        ConfigError: The folder is there, or git does not have the commit.
        RegistryError: The version has no recipe, or no report.
        StageFailed: The examples are nowhere, or a stage ended with an error.
    """
    if folder.exists():
        raise ConfigError(f"{folder} is there already. Name a new folder with -o.")
    project = Path.cwd()
    with storage.scratch() as scratch:
        for part in ("recipe", "report"):
            (scratch / part).mkdir()
        commit, recipe = recipes.fetch(version, scratch / "recipe")
        report = fetching.fetch_report(version, scratch / "report")
        before = storage.read_json(report / "metrics.json", "evaluate")
        _check_out(commit, recipe, folder)
        number = _put_start(version, folder, scratch)
    if _packages(folder) != _packages(project):
        progress.say("The packages are not those that it was made with, see uv.lock.")
    with _inside(folder):
        _fetch_examples(project)
        if number is not None:  # the champion may be another one by now
            overlay.keep({"train": {"start_from": number}})
        if config.read().train.max_seconds is not None:  # as many fitted where it ran
            num_steps = int(runs.params(version.run_id)["train.num_steps"])
            overlay.keep({"train": {"num_steps": num_steps, "max_seconds": None}})
        for stage in dvc_stage.needed_for("evaluate"):
            if stage != "ingest":  # the pictures it read may be gone by now
                dvc_stage.bring_up_to_date(stage)
        again = storage.read_json(Path("data/report/metrics.json"), "evaluate")
        main_score = config.read().gate.main_score or measuring.usual_score(before)
    return recipes.compare(before, again, main_score)


def _put_start(version: Version, folder: Path, scratch: Path) -> int | None:
    """Copies what the training of a version began with; gives its number."""
    about = fetching.fetch_model(version, scratch) / "model.json"
    began = storage.read_json(about, "train").get("start")
    if began is None:
        return None
    earlier = versions.resolve(f"models:/{began['name']}/{began['version']}")
    start.put(earlier, folder / start.START)
    return earlier.version


def _packages(root: Path) -> bytes:
    lock = root / "uv.lock"
    return lock.read_bytes() if lock.exists() else b""


def _check_out(commit: str, recipe: Path, folder: Path) -> None:
    _git("clone", "--quiet", "--no-checkout", ".", str(folder))
    _git("-C", str(folder), "checkout", "--quiet", "--detach", commit)
    if (recipe / recipes.CHANGES).stat().st_size:
        changes = (recipe / recipes.CHANGES).resolve()
        _git("-C", str(folder), "apply", "--whitespace=nowarn", str(changes))
    for name in (recipes.LOCK, recipes.PARAMS):
        shutil.copy(recipe / name, folder / name)


@contextmanager
def _inside(folder: Path) -> Iterator[None]:
    before, tracking = Path.cwd(), os.environ.get("MLFLOW_TRACKING_URI")
    os.chdir(folder)
    # Its training is recorded, but not among those of the project.
    os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{Path.cwd() / 'mlflow.db'}"
    try:
        yield
    finally:
        os.chdir(before)
        del os.environ["MLFLOW_TRACKING_URI"]
        if tracking is not None:
            os.environ["MLFLOW_TRACKING_URI"] = tracking


def _fetch_examples(project: Path) -> None:
    cache = str(project / ".dvc/cache")
    # A remote, not the cache itself, which would give the results of the first run.
    _take_remote_over(project)
    _dvc("remote", "add", "--local", "--force", _FROM_CACHE, cache)
    for remote in (["--remote", _FROM_CACHE], []):
        done = _dvc("pull", *remote, "data/examples")
        if done.returncode == 0:
            return
    raise StageFailed(
        "The examples of this version are neither in the DVC cache of the project nor "
        f"in its remote: {done.stderr.strip()} Copy them to one of the two."
    )


def _take_remote_over(project: Path) -> None:
    """Gives the present folder the project's remote, with what is said of it locally.

    An address relative to the project would point to another place from here.
    """
    local = project / ".dvc/config.local"
    if local.exists():
        shutil.copy(local, ".dvc/config.local")
    settings = dvc.config.Config(str(project / ".dvc"))
    name = settings["core"].get("remote")
    if name:
        _dvc("config", "--local", "core.remote", name)
        url = settings["remote"][name]["url"]
        _dvc("config", "--local", f"remote.{name}.url", url)


def _dvc(*arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "dvc", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)
