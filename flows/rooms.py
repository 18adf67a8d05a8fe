"""Rows of an experiment at work side by side, each in a copy of the project.

A row changes params.yaml, dvc.lock and folders under data/ where it is, so two at a
time need two folders. Such a room is a clone of the repository with the changes that
are not committed; it shares the project's DVC cache and MLflow's store. Networks of
this size do not keep many cores busy, so that rows on a few cores each are done sooner
than one after another on all.
"""

import os
import shutil
import tempfile
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, chdir, contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from flows import dvc_stage, git, lock, module_process, progress, start
from flows.experiment_plan import Plan
from flows.experiment_row import Work
from flows.row import TOLD, own_stages
from llmvis import storage
from llmvis.errors import ConfigError
from llmvis.model_registry import place
from llmvis.sections import require

_LOCK_FILE = "dvc.lock"
_git = partial(git.ask, fix="Mend that, or leave --jobs out.")
_SECONDS_BETWEEN_LOOKS = 0.5
_SECONDS_BETWEEN_LINES = 20.0


_SHARED = ("ingest", "tokenize", "augment", "judge")  # sections that rows agree in
_FILES = (  # keys that may name what is not in git
    ("ingest", "path"),
    ("train", "word_vectors"),
    ("train", "pretrained_preset"),
    ("evaluate", "inception_weights"),
)


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
    limits = {one.max_seconds for one in trainings} | {plan.seconds}
    require(
        limits == {None},
        f"--jobs is for rows that are trained for num_steps, and these have seconds or "
        f"train.max_seconds {', '.join(f'{x:g}' for x in limits if x is not None)}: "
        "seconds of rows that share the machine are not those of one that has it. Give "
        "--num-steps, and set train.max_seconds to null.",
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


def require_possible(jobs: int) -> None:
    """Refuses more jobs than cores, and what is no git repository.

    Raises:
        ConfigError: One of these, or the system keeps no process on some cores.
    """
    if not hasattr(os, "sched_setaffinity"):
        raise ConfigError(
            "--jobs needs Linux, which keeps a row on its cores. Leave it out."
        )
    num_cores = len(os.sched_getaffinity(0))
    require(
        1 <= jobs <= num_cores,
        f"--jobs is {jobs}, and this machine has {num_cores} cores. Take 1 to "
        f"{num_cores}.",
    )
    try:
        top = _git("rev-parse", "--show-toplevel", "HEAD").splitlines()[0]
    except (ConfigError, OSError) as error:
        raise ConfigError(
            "--jobs clones the project, which has no commit in git. `git init`, `git "
            "add .` and `git commit` make one; or leave it out."
        ) from error
    require(
        Path(top) == Path.cwd().resolve(),
        f"--jobs clones a project that is a repository of its own, and this one is in "
        f"{top}. Leave it out.",
    )


@contextmanager
def opened(plan: Plan, jobs: int, shared: Collection[str]) -> Iterator[list[Room]]:
    """Makes rooms with what the project has made so far, and takes them away again.

    Args:
        plan: Whose rows will be at work.
        jobs: How many at a time.
        shared: Stages that are done.

    Raises:
        ConfigError: Rows read files that a room cannot be given.
    """
    cores, jobs = sorted(os.sched_getaffinity(0)), min(jobs, len(plan.rows))
    progress.say(f"{'rooms':<9} {jobs} rows at a time, on {len(cores)} cores")
    rooms = [
        Room((lock.ROOMS / str(number)).absolute(), cores[number::jobs])
        for number in range(jobs)
    ]
    for room in rooms:
        _furnish(room.folder, plan, shared)
    try:
        yield rooms
    finally:
        lock.recover_rooms()


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
        with ExitStack() as all_of_them:  # also where a second Ctrl-C comes meanwhile
            for one in at_work:
                all_of_them.callback(one.end)
    return failures


class _AtWork:
    """A row in a room, and the process that brings it up to date."""

    def __init__(self, room: Room, name: str, work: Work):
        self.room, self.name = room, name
        self.failure: str | None = None
        told = {
            "cores": room.cores,
            "store": _store(),
            "work": {**asdict(work), "place": str(work.place)},
        }
        storage.write_json(room.folder / TOLD, told)
        self._place = work.place
        self._place.mkdir(parents=True, exist_ok=True)
        self._scratch = tempfile.TemporaryDirectory()
        self._file = Path(self._scratch.name, "progress.json")
        self._started = self._last = time.monotonic()
        progress.say(f"{name}: begun")
        with (work.place / "row.log").open("wb") as said:
            command = ["flows", "row"]
            self._process = module_process.start(command, self._file, room.folder, said)

    def goes_on(self) -> bool:
        """Says how far it is now and then; False once it is over."""
        now, told = time.monotonic(), progress.read(self._file)
        if self._process.poll() is None:
            if now - self._last > _SECONDS_BETWEEN_LINES and "text" in told:
                self._last = now
                progress.say(
                    f"  {self.name}: {told['done']}/{told['total']}  {told['text']}"
                )
            return True
        self.end()
        if self._process.returncode:
            ended = f"Its process ended with code {self._process.returncode}."
            self.failure = told.get("error") or ended
            for log in (self.room.folder / ".dvc/tmp").glob("*.log"):
                shutil.copy(log, self._place)
            progress.say(f"{self.name}: error: {self.failure}")
            progress.say(f"  what it said is in {os.path.relpath(self._place)}")
            return False
        # Experiments that the room does not know are not to go.
        options = ["--quiet", "--no-prune", "--no-tags", "--no-write-fetch-head"]
        _git("fetch", *options, str(self.room.folder), "+refs/exps/*:refs/exps/*")
        progress.say(f"{self.name}: done in {now - self._started:.0f} s")
        return False

    def end(self) -> None:
        """Ends what still runs of it."""
        module_process.end(self._process)
        self._scratch.cleanup()


def _store() -> str:
    """The address of MLflow's store, which means the same in every folder."""
    uri = place.tracking_uri()
    if uri.startswith(place.SQLITE):
        return f"{place.SQLITE}{Path(uri.removeprefix(place.SQLITE)).absolute()}"
    return uri if ":" in uri else str(Path(uri).absolute())


def _furnish(room: Path, plan: Plan, shared: Collection[str]) -> None:
    _git("clone", "--quiet", ".", str(room))
    changed = _git("diff", "--name-only", "--no-renames", "-z", "HEAD")
    for name in filter(None, changed.split("\0")):
        (room / name).unlink(missing_ok=True)
        if Path(name).exists():  # else deleted, and the deletion not committed
            (room / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(name, room / name)
    new = _git("ls-files", "-z", "--others", "--exclude-standard")
    for name in filter(None, new.split("\0")):
        _link(room, name)
    for row in plan.rows:
        for section, key in _FILES:
            named = getattr(getattr(row.params, section), key)
            if named and not Path(named).is_absolute() and Path(named).exists():
                _link(room, named)
    _give_copies(room, shared)


def _give_copies(room: Path, shared: Collection[str]) -> None:
    """Gives a room what has been made here, from the cache that both keep it in."""
    local = Path(".dvc/config.local")
    if local.exists():
        shutil.copy(local, room / local)
    shutil.rmtree(room / start.START, ignore_errors=True)
    if start.START.exists():
        shutil.copytree(start.START, room / start.START)
    (room / _LOCK_FILE).unlink(missing_ok=True)
    shutil.copy(_LOCK_FILE, room)
    (room / ".dvc/tmp").mkdir(parents=True, exist_ok=True)
    cache = dvc_stage.cache_folder()
    with chdir(room):
        dvc_stage.share_cache(cache)
        dvc_stage.check_out(shared)
        with suppress(ConfigError):  # the project's own model, which a row may be
            dvc_stage.check_out(own_stages())


def _link(room: Path, name: str) -> None:
    """Has a path mean in a room what it means here."""
    there = Path(os.path.normpath(room / name))
    if there.exists():
        return
    require(
        there.is_relative_to(lock.ROOMS.parent.absolute()),
        f"{name} is too far up for a copy of the project. Write "
        f"{Path(name).absolute()}, or leave --jobs out.",
    )
    there.parent.mkdir(parents=True, exist_ok=True)
    there.symlink_to(Path(name).absolute())
