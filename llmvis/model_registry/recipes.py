"""All that it takes to make a version again, kept with its run.

The code is a commit and what was changed since, the data are hashes in dvc.lock, and
every value is in params.yaml.
"""

import os
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import mlflow
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from llmvis.errors import DataError, RegistryError
from llmvis.model_registry import figures, runs
from llmvis.model_registry.provenance import Version

LOCK, PARAMS, CHANGES = "dvc.lock", "params.yaml", "changes.patch"
_COMMIT = "commit"
_CODE = ("llmvis", "flows")  # whose new files belong to a version


@dataclass(frozen=True, slots=True, kw_only=True)
class Repetition:
    """How the figures of a version and of its repetition agree."""

    main_score: str  # a path such as alignment/test_seen/en/all_correct
    value: float  # of the version, with the ends of its interval
    low: float
    high: float
    again: float  # of the repetition
    num_inside: int  # of all figures with an interval, those that came out in it
    num_figures: int

    @property
    def agrees(self) -> bool:
        return self.low <= self.again <= self.high


def keep(client: MlflowClient, run_id: str, fingerprint: str, root: Path) -> None:
    """Keeps the recipe of a model and report that are about to be registered.

    Args:
        client: Of the open store.
        run_id: Of the training.
        fingerprint: Of the report.
        root: The project's folder, with every stage up to date. Outside git, or
            without dvc.lock, nothing is kept and the version cannot be repeated.
    """
    commit = runs.git(root, "rev-parse", "HEAD")
    if commit is None or not (root / LOCK).exists():
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / _COMMIT).write_text(commit)
        (folder / CHANGES).write_bytes(_uncommitted(root))
        for name in (LOCK, PARAMS):
            (folder / name).write_bytes((root / name).read_bytes())
        client.log_artifacts(run_id, scratch, _place(fingerprint))


def fetch(version: Version, scratch: Path) -> tuple[str, Path]:
    """Fetches the commit of a version, and a folder with the rest of its recipe.

    Raises:
        RegistryError: None was kept, or it is not there any more.
    """
    try:
        folder = Path(
            mlflow.artifacts.download_artifacts(
                run_id=version.run_id,
                artifact_path=_place(version.report_fingerprint),
                dst_path=str(scratch),
            )
        )
        return (folder / _COMMIT).read_text(), folder
    except (MlflowException, OSError) as error:
        raise RegistryError(
            f"{version.label} has no recipe: it was registered outside git, or before "
            "recipes were kept. Register a new version with `llmvis pipeline`."
        ) from error


def compare(before: Mapping, again: Mapping, main_score: str) -> Repetition:
    """Compares the figures of two reports of one recipe.

    Args:
        before: Content of metrics.json of the version.
        again: The same of the repetition.
        main_score: Path of the figure that decides, parted by dots.

    Raises:
        DataError: One of the reports lacks that figure.
    """
    old, new = figures.flatten(before), figures.flatten(again)
    path = main_score.replace(".", "/")
    if f"{path}/low" not in old or f"{path}/value" not in new:
        raise DataError(f"The reports do not both have {main_score} with an interval.")
    judged = [p for p in figures.estimates(before) if f"{p}/low" in old]
    inside = [
        old[f"{p}/low"] <= new.get(f"{p}/value", float("nan")) <= old[f"{p}/high"]
        for p in judged
    ]
    return Repetition(
        main_score=path,
        value=old[f"{path}/value"],
        low=old[f"{path}/low"],
        high=old[f"{path}/high"],
        again=new[f"{path}/value"],
        num_inside=sum(inside),
        num_figures=len(inside),
    )


def _uncommitted(root: Path) -> bytes:
    """A patch of what differs from the commit, new modules among it."""
    without = (f":(exclude){name}" for name in (LOCK, PARAMS))
    new = [name for name in _CODE if (root / name).is_dir()]
    with tempfile.TemporaryDirectory() as scratch:
        # An index of its own, so that nothing is staged for whoever works here.
        environment = {**os.environ, "GIT_INDEX_FILE": f"{scratch}/index"}

        def git(*arguments: str) -> bytes:
            # Not `runs.git`, which takes away blank ends, and a patch may end in them.
            return subprocess.run(
                ["git", *arguments],
                cwd=root,
                env=environment,
                capture_output=True,
                check=True,
            ).stdout

        git("read-tree", "HEAD")
        git("add", "--update", "--", ".")
        if new:
            git("add", "--", *new)
        return git("diff", "--cached", "--binary", "HEAD", "--", ".", *without)


def _place(fingerprint: str) -> str:
    return f"recipe/{fingerprint}"
