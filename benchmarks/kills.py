"""Kills random processes of a running project, and looks whether anything is lost.

    uv run python benchmarks/kills.py
    uv run python benchmarks/kills.py --num-kills 200 --seed 0

The project is that of small_project.py; MLflow, Prefect, its worker and the model
server are those that `llmvis up` starts, kept running by what keeps them running there.
Before each kill a picture is added, so that every run makes a version. Then one of the
pipeline command, a process of its stage, the tracking server and the model server is
killed (SIGKILL) at a random moment of the run; or, of a run that the worker was asked
for, Prefect, the worker, the process of the run or one of its stages. What must hold of
the registry is asked after every kill.
One run in three is followed by one that is left alone, after which all must be right,
the others by one that is disturbed in its turn. Exit code 1 if anything that must hold
does not.
"""

import argparse
import os
import random
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import httpx
import psutil
from small_project import SmallProject
from small_runs import CommandRun, Run, WorkerRun, until

from flows import dvc_stage, running, up
from flows.services import Services, answers
from llmvis import environment, storage
from llmvis.errors import RegistryError
from llmvis.model_registry import store, versions

T = TypeVar("T")
NAME = "llmvis"
OF_COMMAND = ("pipeline", "stage", "mlflow", "pictures")
OF_WORKER = ("prefect", "retraining")  # whom the worker's own runs need
_SHARE_LEFT_ALONE = 1 / 3  # of the runs after a disturbed one
_LEFTOVERS = (".*.writing", ".*.earlier")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One kill, and what was found after it."""

    victim: str
    moment: float  # seconds after the run began
    process: str
    ended: str  # how the run that was disturbed ended
    recovery: float | None  # seconds of the next run, if it was left alone
    version: int  # the newest
    champion: int
    violations: tuple[str, ...]

    def row(self, number: int) -> str:
        found = "; ".join(self.violations) or "nothing is lost"
        recovery = "disturbed" if self.recovery is None else f"{self.recovery:.1f}"
        return (
            f"| {number} | {self.victim} | {self.process} | {self.moment:.1f} | "
            f"{self.ended} | {recovery} | {self.version} | "
            f"{self.champion} | {found} |"
        )


class Trial:
    """A project whose services run, and what is asked of it after each kill.

    Args:
        project: The current folder.
        kept: Its services.
        addresses: Where they are.
    """

    def __init__(self, project: SmallProject, kept: Services, addresses: up.Addresses):
        self._project, self._kept, self._addresses = project, kept, addresses
        self._seen: set[int] = set()  # versions, none of which may vanish

    def run(self, victim: str) -> Run:
        """Starts what `llmvis pipeline` does, or asks the worker for a retraining."""
        if victim in OF_WORKER:
            return WorkerRun(self._addresses.prefect_api)
        return CommandRun(self._addresses)

    def disturb(
        self, victim: str, moment: float, rng: random.Random, *, recovers: bool
    ) -> Outcome:
        """Kills `victim` so many seconds after a run begins.

        Args:
            victim: One of `OF_COMMAND` or `OF_WORKER`.
            moment: Seconds.
            rng: Chooses among several processes of the victim.
            recovers: Whether another run follows, which nothing disturbs.
        """
        self._project.add_picture()
        disturbed = self.run(victim)
        disturbed.wait(moment)
        process = self._find(victim, disturbed, rng)
        name = _kill(process)
        ended = disturbed.end()
        violations = list(self._stage_that_lives_on())
        violations += self._after_the_kill()
        recovery = None
        if recovers:
            started = time.monotonic()
            again = self.run(victim)
            if (said := again.end()) != again.SUCCESS:
                violations.append(f"the next run ended with {said}")
            recovery = time.monotonic() - started
            violations += self._after_the_next_run()
        newest = self._answered(lambda: versions.list_versions(NAME))[0].version
        champion = self._answered(lambda: versions.champion(NAME))
        return Outcome(
            victim=victim,
            moment=moment,
            process=name,
            ended=ended,
            recovery=recovery,
            version=newest,
            champion=champion.version if champion else 0,
            violations=tuple(violations),
        )

    def _find(
        self, victim: str, disturbed: Run, rng: random.Random
    ) -> psutil.Process | None:
        if victim == "pipeline":
            return disturbed.process()
        if victim == "stage":
            return _wait_for_stage(disturbed, rng)
        until(lambda: victim not in self._kept.missing())
        [service] = [k for k in self._kept._kept if k.service.name == victim]
        assert service.process is not None
        family = psutil.Process(service.process.pid)
        return rng.choice([family, *family.children(recursive=True)])

    def _stage_that_lives_on(self) -> Iterator[str]:
        if not until(lambda: not _stages(), seconds=30):
            yield f"{[' '.join(p.cmdline()) for p in _stages()]} live on"

    def _after_the_kill(self) -> Iterator[str]:
        for name, address in (
            ("MLflow", f"{self._addresses.mlflow}/health"),
            ("Prefect", f"{self._addresses.prefect_api}/health"),
        ):
            if not until(lambda address=address: answers(address)):
                yield f"{name} did not come back"
                return
        yield from self._about_the_registry()

    def _after_the_next_run(self) -> Iterator[str]:
        yield from self._about_the_registry()
        yield from self._about_the_files()
        yield from self._about_the_server()

    def _answered(self, question: Callable[[], T]) -> T:
        """Asks once more where the server has just died of the loss of a child."""
        try:
            return question()
        except RegistryError:
            time.sleep(2)
            until(lambda: answers(f"{self._addresses.mlflow}/health"))
            return question()

    def _about_the_registry(self) -> Iterator[str]:
        listed = self._answered(lambda: versions.list_versions(NAME))
        found = {version.version: version for version in listed}
        if lost := self._seen - found.keys():
            yield f"versions {sorted(lost)} are lost"
        self._seen |= found.keys()
        champions = [v for v in found.values() if versions.CHAMPION in v.aliases]
        if len(champions) != 1:
            yield f"there are {len(champions)} champions"
            return
        try:  # every file's hash is compared before it is read
            self._answered(lambda: versions.load(f"models:/{NAME}@champion"))
        except Exception as error:  # whatever it is, the champion serves nobody
            yield f"the champion does not load: {error}"

    def _about_the_files(self) -> Iterator[str]:
        left = [str(p) for pattern in _LEFTOVERS for p in Path().rglob(pattern)]
        if left:
            yield f"{left} are half written"
        unclean = [
            s for s in dvc_stage.needed_for("evaluate") if not dvc_stage.is_clean(s)
        ]
        if unclean:
            yield f"the stages {unclean} are not up to date"
        newest = versions.list_versions(NAME)[0]
        if newest.model_fingerprint != storage.fingerprint(Path("data/model")):
            yield "the newest version is not of data/model"
        if newest.gate.startswith("passed") and versions.CHAMPION not in newest.aliases:
            yield f"version {newest.version} passed, and is not the champion"
        yield from self._about_the_examples()

    def _about_the_examples(self) -> Iterator[str]:
        examples = Path("data/examples")
        captions = [
            caption["text"]
            for split in storage.splits(examples)
            for of_one in storage.read_table(examples, split, ["captions"])["captions"]
            for caption in of_one
        ]
        if sorted(captions) != sorted(self._project.captions):
            lost = sorted(self._project.captions - set(captions))
            yield f"of {len(self._project.captions)} examples {lost} are lost"

    def _about_the_server(self) -> Iterator[str]:
        champion = versions.champion(NAME)
        address = f"{self._addresses.pictures}/ready"

        def serves_it() -> bool:
            with suppress(httpx.HTTPError):
                now = httpx.get(address, timeout=5).json()
                return champion is not None and now["version"] == champion.label
            return False

        if not until(serves_it):
            yield "the model server does not serve the champion"


def main(num_kills: int, seed: int) -> int:
    """Prints a row for each kill; gives the exit code."""
    environment.prepare()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # leaving no service
    rng = random.Random(seed)
    num_violations = 0
    with trial() as asked:
        by_command, by_worker = _timed(asked, "pipeline"), _timed(asked, "retraining")
        usual = dict.fromkeys(OF_COMMAND, by_command)
        usual |= dict.fromkeys(OF_WORKER, by_worker)
        print(
            f"An undisturbed run takes {by_command:.1f} s, by the worker "
            f"{by_worker:.1f} s."
        )
        print(
            "| | victim | process | after, s | run ended | next run, s | newest |"
            " champion | found |"
        )
        print("|---|---|---|---|---|---|---|---|---|", flush=True)
        for number in range(num_kills):
            victim = rng.choice(list(usual))
            moment = rng.uniform(0, usual[victim])
            recovers = number == num_kills - 1 or rng.uniform(0, 1) < _SHARE_LEFT_ALONE
            outcome = asked.disturb(victim, moment, rng, recovers=recovers)
            print(outcome.row(number + 1), flush=True)
            num_violations += bool(outcome.violations)
    print(f"{num_violations} of {num_kills} kills did harm.")
    return 1 if num_violations else 0


@contextmanager
def trial() -> Iterator[Trial]:
    """Starts a project with a champion, and what `llmvis up` starts."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            project = SmallProject(Path(folder).resolve(), _free_ports())
            params = project.prepare()
            os.environ.pop("MLFLOW_TRACKING_URI", None)
            os.environ["PYTHONPATH"] = folder
            addresses = up.Addresses(params)
            store.connect()  # makes the default store, before others meet none
            services = list(up._services(params, addresses))
            # Not with the file beneath it, as the services do: it may be killed too.
            os.environ["MLFLOW_TRACKING_URI"] = addresses.mlflow
            with _kept_up(Services(services)) as kept:
                asked = Trial(project, kept, addresses)
                _timed(asked, "pipeline")  # makes the first champion
                until(lambda: not kept.missing())
                yield asked
        finally:
            running.end_leftovers()
            os.chdir(before)


@contextmanager
def _kept_up(kept: Services) -> Iterator[Services]:
    ended = threading.Event()

    def keep_up() -> None:
        while not ended.is_set():
            kept.keep_up()

    thread = threading.Thread(target=keep_up)
    thread.start()
    try:
        if not until(lambda: not kept.missing()):
            sys.exit(f"{kept.missing()} did not start.")
        yield kept
    finally:
        ended.set()
        thread.join()
        kept.stop()


def _timed(asked: Trial, victim: str) -> float:
    asked._project.add_picture()
    started = time.monotonic()
    run = asked.run(victim)
    if (said := run.end()) != run.SUCCESS:
        sys.exit(f"A run ended with {said}:\n{run.last_words()}")
    return time.monotonic() - started


def _kill(process: psutil.Process | None) -> str:
    if process is None:
        return "had ended"
    try:
        name = " ".join(process.cmdline()[:4]).replace(sys.executable, "python")
        process.send_signal(signal.SIGKILL)
    except psutil.NoSuchProcess:
        return "had ended"
    return name


def _wait_for_stage(run: Run, rng: random.Random) -> psutil.Process | None:
    while (pipeline := run.process()) is not None:
        with suppress(psutil.NoSuchProcess):
            found = pipeline.children(recursive=True)
            if found:
                return rng.choice(found)
        time.sleep(0.02)
    return None


def _stages() -> list[psutil.Process]:
    """Every process that writes into this folder: DVC, and what it started."""
    here, found = str(Path.cwd()), []
    for process in psutil.process_iter(["cwd", "cmdline", "status"]):
        words = process.info["cmdline"] or []
        writes = {"dvc", "flows", "train.py", "evaluate.py", SmallProject.RUN} & {
            *words
        }
        if process.info["cwd"] == here and writes:
            found.append(process)
    return [p for p in found if p.info["status"] != psutil.STATUS_ZOMBIE]


def _free_ports() -> tuple[int, int, int]:
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
    ports = [listener.getsockname()[1] for listener in listeners]
    for listener in listeners:
        listener.close()
    return ports[0], ports[1], ports[2]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--num-kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    sys.exit(main(chosen.num_kills, chosen.seed))
