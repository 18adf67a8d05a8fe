"""Rows of an experiment at work side by side, each in a copy of the project.

A row changes params.yaml, dvc.lock and folders under data/ where it is, so two at a
time need two folders. Such a room is a clone of the repository with the changes that
are not committed; it shares the project's DVC cache and MLflow's store. Networks of
this size do not keep many cores busy, so that rows on a few cores each are done sooner
than one after another on all.
"""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from flows import dvc_stage, earlier, module_process, overlay, progress, start
from flows.experiment_plan import Plan
from flows.experiment_row import Work
from flows.row import TOLD
from llmvis import storage
from llmvis.errors import ConfigError
from llmvis.model_registry import place
from llmvis.sections import require

_FOLDER = Path(".dvc/tmp/rooms")
_LOCK_FILE = "dvc.lock"
_SECONDS_BETWEEN_LOOKS = 0.5
_SECONDS_BETWEEN_LINES = 20.0


_SHARED = ("ingest", "tokenize", "augment", "judge")  # sections that rows agree in


@dataclass(frozen=True, slots=True)
class Room:
    """A copy of the project, and the cores that its row gets."""

    folder: Path
    cores: list[int]


def require_independent(plan: Plan) -> None:
    """Refuses rows that cannot be at work at the same time.

    Raises:
        ConfigError: One waits for what another came to, they are trained for seconds,
            or they need other examples, tokens or judges.
    """
    require(
        plan.search is None,
        "--jobs is for rows that are known from the start, and a search draws each "
        "from what the ones before came to. Leave it out.",
    )
    trainings = [row.params.train for row in plan.rows]
    require(
        plan.seconds is None and all(one.max_seconds is None for one in trainings),
        "--jobs is for rows that are trained for num_steps: seconds of rows that share "
        "the machine are not those of one that has it. Leave one of the two out.",
    )
    starts = {one.start_from for one in trainings}
    differ = ["train.start_from"] * (len(starts) > 1)
    differ += [
        section
        for section in _SHARED
        if any(
            getattr(row.params, section) != getattr(plan.rows[0].params, section)
            for row in plan.rows
        )
    ]
    require(
        not differ,
        f"--jobs is for rows that begin with the same tokens and judge, and these "
        f"differ in {', '.join(differ)}. Leave it out.",
    )


def shares_of_cores(jobs: int) -> list[list[int]]:
    """Shares the cores of this machine out among jobs.

    Raises:
        ConfigError: There are fewer cores than jobs, or the system gives no shares.
    """
    if not hasattr(os, "sched_setaffinity"):
        raise ConfigError(
            "--jobs needs Linux, which keeps a row on its cores. Leave it out."
        )
    cores = sorted(os.sched_getaffinity(0))
    if not 1 <= jobs <= len(cores):
        raise ConfigError(
            f"--jobs is {jobs}, and this machine has {len(cores)} cores. Take 1 to "
            f"{len(cores)}."
        )
    return [cores[i::jobs] for i in range(jobs)]


@contextmanager
def opened(jobs: int) -> Iterator[list[Room]]:
    """Makes rooms with what the project has made so far; they go when all went well.

    Raises:
        ConfigError: There are fewer cores than jobs, or this is no git repository.
    """
    shares = shares_of_cores(jobs)
    _git("rev-parse", "--verify", "--quiet", "HEAD")
    _recover()
    progress.say(f"{'rooms':<9} {jobs} rows at a time, {len(shares[0])} cores each")
    rooms = [
        Room((_FOLDER / str(number)).absolute(), cores)
        for number, cores in enumerate(shares, start=1)
    ]
    for room in rooms:
        _furnish(room.folder)
    yield rooms
    shutil.rmtree(_FOLDER)


def run(rooms: list[Room], rows: Mapping[str, Work]) -> dict[str, str]:
    """Brings rows up to date, as many at a time as there are rooms.

    However it ends, no process of a row is left.

    Args:
        rooms: From `opened`.
        rows: The work of each, by its name.

    Returns:
        Of each row that failed, why.
    """
    free, waiting = list(rooms), list(rows.items())
    at_work: list[_AtWork] = []
    failures: dict[str, str] = {}
    try:
        while waiting or at_work:
            while waiting and free:
                at_work.append(_AtWork(free.pop(0), *waiting.pop(0)))
            time.sleep(_SECONDS_BETWEEN_LOOKS)
            for one in [one for one in at_work if not one.goes_on()]:
                at_work.remove(one)
                free.append(one.room)
                if one.failure is not None:
                    failures[one.name] = one.failure
    finally:
        for one in at_work:
            one.end()
    return failures


class _AtWork:
    """A row in a room, and the process that brings it up to date."""

    def __init__(self, room: Room, name: str, work: Work):
        self.room, self.name = room, name
        self.failure: str | None = None
        told = {
            "cores": room.cores,
            "store": place.tracking_uri(),
            "work": {**asdict(work), "place": str(work.place)},
        }
        storage.write_json(room.folder / TOLD, told)
        self._scratch = tempfile.TemporaryDirectory()
        self._file = Path(self._scratch.name, "progress.json")
        self._started = self._said = time.monotonic()
        progress.say(f"{name}: begun")
        self._process = module_process.start(["flows", "row"], self._file, room.folder)

    def goes_on(self) -> bool:
        """Says how far it is now and then; False once it is over."""
        now, told = time.monotonic(), progress.read(self._file)
        if self._process.poll() is None:
            if now - self._said > _SECONDS_BETWEEN_LINES and "text" in told:
                self._said = now
                progress.say(
                    f"  {self.name}: {told['done']}/{told['total']}  {told['text']}"
                )
            return True
        self.end()
        if self._process.returncode:
            self.failure = told.get("error") or (
                f"Its process ended with code {self._process.returncode}. Run it "
                "without --jobs to see more."
            )
            progress.say(f"{self.name}: error: {self.failure}")
            return False
        _git("fetch", "--quiet", str(self.room.folder), "+refs/exps/*:refs/exps/*")
        progress.say(f"{self.name}: done in {now - self._started:.0f} s")
        return False

    def end(self) -> None:
        """Ends what still runs of it."""
        module_process.end(self._process)
        self._scratch.cleanup()


def _recover() -> None:
    """Has what was cut off in a room kept in the folder of its row; empties them."""
    for room in sorted(_FOLDER.glob("*")):
        with _inside(room):
            overlay.restore()
            earlier.restore()
    shutil.rmtree(_FOLDER, ignore_errors=True)


def _furnish(room: Path) -> None:
    _git("clone", "--quiet", ".", str(room))
    changed = _git("diff", "--name-only", "-z", "HEAD")
    new = _git("ls-files", "-z", "--others", "--exclude-standard")
    for name in filter(None, (changed + new).split("\0")):
        (room / name).parent.mkdir(parents=True, exist_ok=True)
        if Path(name).exists():
            shutil.copy(name, room / name)
        else:  # deleted, and the deletion not committed
            (room / name).unlink(missing_ok=True)
    local = Path(".dvc/config.local")
    if local.exists():
        shutil.copy(local, room / local)
    shutil.rmtree(room / start.START, ignore_errors=True)
    if start.START.exists():
        shutil.copytree(start.START, room / start.START)
    cache, made = dvc_stage.cache_folder(), Path(_LOCK_FILE).read_bytes()
    (room / ".dvc/tmp").mkdir(parents=True, exist_ok=True)
    with _inside(room):
        dvc_stage.share_cache(cache)
        dvc_stage.go_back(made)


@contextmanager
def _inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def _git(*arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise ConfigError(
            f"`git {' '.join(arguments)}` failed: {done.stderr.strip()} Rows run at "
            "the same time in clones of a git repository; leave --jobs out."
        )
    return done.stdout
