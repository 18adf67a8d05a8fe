"""Retraining as a Prefect flow: the clock, changed data or a person start it."""

import subprocess
import sys

from prefect import flow, task
from prefect.cache_policies import NO_CACHE

from flows import dvc_stage, experiments, lock, notifications, progress, stale_runs
from flows.pipeline import bring_all_up_to_date
from llmvis.errors import StageFailed
from llmvis.model_registry.provenance import Version

_HOURS_OF_PATIENCE = 12  # with a person who is at work in the same folder
_SECONDS_BEFORE_RETRIES = [10.0, 60.0, 300.0]


@flow(on_failure=[notifications.tell_failure], on_crashed=[notifications.tell_failure])
def retrain() -> Version:
    """Brings everything up to date, keeps how in git's experiments, and pushes.

    What is tracked by git is left as it was committed. What came of it is told to
    whom `up.notify` names.

    Raises:
        BusyError: A person's run in this folder went on for too long.
        StageFailed: A stage ended with an error, or the DVC remote took nothing.
    """
    stale_runs.say_who_runs()
    stale_runs.sweep()
    with lock.alone(_HOURS_OF_PATIENCE * 3600), experiments.clean_afterwards():
        version = bring_all_up_to_date(_SECONDS_BEFORE_RETRIES)
        experiments.save(f"{version.name}-{version.version}")
        push()
    notifications.tell_decision(version)
    return version


# As registering, it fails for reasons that pass.
@task(
    task_run_name="push",
    cache_policy=NO_CACHE,
    retries=3,
    retry_delay_seconds=_SECONDS_BEFORE_RETRIES,
)
def push() -> None:
    """Sends data and models to the DVC remote, where the project has one.

    Raises:
        StageFailed: The remote did not take them.
    """
    if not dvc_stage.has_remote():
        return
    done = subprocess.run(
        [sys.executable, "-m", "dvc", "push", "--quiet"],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise StageFailed(
            f"`dvc push` failed: {done.stderr.strip()} The version is registered; "
            "mend the remote, then run `dvc push`."
        )
    progress.say(f"{'push':<9} the DVC remote has everything")
