"""One MLflow run for each training: what went in, how it went, what came out."""

import hashlib
import json
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path

import mlflow
import numpy as np
from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param
from mlflow.exceptions import MlflowException
from mlflow.system_metrics.system_metrics_monitor import SystemMetricsMonitor
from ruamel.yaml import YAML

from llmvis import storage
from llmvis.config import Params
from llmvis.errors import RegistryError
from llmvis.finishing_config import FINISHING_FILES
from llmvis.model_registry import figures, store

MODEL_TAG = "llmvis.model_fingerprint"
_METRICS_PER_CALL, _PARAMS_PER_CALL = 1000, 100  # what MLflow takes at once
_SECONDS_BETWEEN_SYSTEM_METRICS = 5.0


class Run:
    """An open run, to write into. `record` makes it."""

    def __init__(self, client: MlflowClient, run_id: str):
        self._client = client
        self.run_id = run_id

    def log_curves(self, rows: Iterable[Mapping[str, float]]) -> None:
        """Adds points to curves, a thousand to a call.

        Args:
            rows: Each has the key `step` and one key for each figure of that step.
        """
        now = _now()
        metrics = [
            Metric(key, float(value), now, int(row["step"]))
            for row in rows
            for key, value in row.items()
            if key != "step"
        ]
        for some in _portions(metrics, _METRICS_PER_CALL):
            self._client.log_batch(self.run_id, metrics=some)

    def log_metrics(self, report: Mapping) -> None:
        """Keeps final figures: nested ones by path, and numbers only."""
        now = _now()
        flat = figures.flatten(report)
        metrics = [Metric(path, value, now, 0) for path, value in flat.items()]
        for some in _portions(metrics, _METRICS_PER_CALL):
            self._client.log_batch(self.run_id, metrics=some)

    def log_picture(self, key: str, image: np.ndarray, step: int) -> None:
        """Keeps one `(H, W, 3)` uint8 picture, shown by step in MLflow's page."""
        self._client.log_image(self.run_id, image, key=key, step=step)

    def log_folder(self, folder: Path, name: str) -> None:
        """Keeps the files of a folder under `name`."""
        self._client.log_artifacts(self.run_id, str(folder), name)

    def log_report(self, folder: Path, fingerprint: str, report: Mapping) -> None:
        """Keeps what `evaluate` wrote: its files, figures, and samples as a table."""
        self.log_folder(folder, report_path(fingerprint))
        self.log_metrics({"report": report})
        if (folder / "prompts.parquet").exists():
            self._log_samples(folder, f"samples/{fingerprint}.json")

    def _log_samples(self, folder: Path, path: str) -> None:
        # It brings SciPy, and a rollback, which needs this module, need not wait.
        from llmvis.evaluation import sample_table

        # MLflow looks for pictures in columns of objects, and warns of text.
        samples = sample_table(folder).astype("object")
        self._client.log_table(self.run_id, samples, path)

    def log_lineage(self, root: Path) -> None:
        """Keeps which data, code and packages the run had.

        Args:
            root: The project's folder, with `dvc.lock`, `uv.lock` and git's history.
                Whatever is not there is left out.
        """
        outputs = _dvc_outputs(root)
        if outputs:
            inputs = [_dataset(root, path, digest) for path, digest in outputs.items()]
            self._client.log_inputs(self.run_id, inputs)
            self._client.log_artifact(self.run_id, str(root / "dvc.lock"))
        packages = root / "uv.lock"
        if packages.exists():
            digest = hashlib.sha256(packages.read_bytes()).hexdigest()
            self._client.set_tag(self.run_id, "llmvis.uv_lock_sha256", digest)
        for key, value in _git_state(root).items():
            self._client.set_tag(self.run_id, key, value)

    def made(self, model_folder: Path) -> None:
        """Says which model came out, so that `find` leads from it to this run."""
        self._client.set_tag(self.run_id, MODEL_TAG, _networks(model_folder))


@contextmanager
def record(
    name: str,
    params: Params | Mapping,
    tags: Mapping[str, str],
    run_id: str | None = None,
) -> Iterator[Run]:
    """Opens a run for as long as the body lasts, and measures the machine meanwhile.

    Args:
        name: What the run is called.
        params: `config.Params` or a nested dictionary; kept as `train.hidden_dim`.
        tags: Anything else worth searching for.
        run_id: The run to go on with after an interruption. One that the store does
            not know (any more) starts a new run.

    Raises:
        RegistryError: The store cannot be opened, or written into.
    """
    client = store.connect()
    run = _resume(client, run_id) or _start(client, name, params, tags)
    monitor = SystemMetricsMonitor(
        run.run_id,
        sampling_interval=_SECONDS_BETWEEN_SYSTEM_METRICS,
        resume_logging=True,
    )
    monitor.start()
    try:
        yield run
    except BaseException as error:
        status = "FAILED" if isinstance(error, Exception) else "KILLED"
        with suppress(Exception):  # the disk may be full, which `error` says already
            monitor.finish()
            client.set_terminated(run.run_id, status)
        if isinstance(error, MlflowException):
            raise RegistryError(
                f"MLflow could not keep the run: {error.message}. What was trained is "
                "kept; mend the store, then run the command again."
            ) from error
        raise
    monitor.finish()
    client.set_terminated(run.run_id, "FINISHED")


def find(model_folder: Path) -> str | None:
    """Finds the latest run that made a model folder, or None.

    Whatever finishes its pictures, the training is that of its networks.
    """
    client = store.connect()
    runs = client.search_runs(
        [store.experiment_id(client)],
        f"tags.`{MODEL_TAG}` = '{_networks(model_folder)}'",
        max_results=1,
        order_by=["attributes.start_time DESC"],
    )
    return runs[0].info.run_id if runs else None


def data_digest(run_id: str) -> str:
    """Gives the DVC hash of the examples that a run was trained on, or nothing."""
    inputs = store.connect().get_run(run_id).inputs
    made_from = inputs.dataset_inputs if inputs else []
    digests = {given.dataset.name: given.dataset.digest for given in made_from}
    return digests.get("examples", "")


def params(run_id: str) -> dict[str, str]:
    """Gives the params that a run was recorded with, by section.key."""
    return store.connect().get_run(run_id).data.params


def report_path(fingerprint: str) -> str:
    """Says where a run keeps a report; a model may be judged more than once."""
    return f"report/{fingerprint}"


def run_url(run_id: str) -> str:
    """Gives the address of a run's page.

    For a store without a server it is where `mlflow server` shows it by default.
    """
    client = store.connect()
    experiment = client.get_run(run_id).info.experiment_id
    uri = mlflow.get_tracking_uri()
    server = uri.rstrip("/") if uri.startswith("http") else "http://127.0.0.1:5000"
    return f"{server}/#/experiments/{experiment}/runs/{run_id}"


def git(root: Path, *arguments: str) -> str | None:
    """Gives what git says in a folder; None where it fails, or is not there."""
    try:
        return subprocess.run(
            ["git", *arguments], cwd=root, capture_output=True, text=True, check=True
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None  # no git, or no repository: a run is worth recording without


def _networks(model_folder: Path) -> str:
    return storage.fingerprint(model_folder, without=FINISHING_FILES)


def _resume(client: MlflowClient, run_id: str | None) -> Run | None:
    if run_id is None:
        return None
    try:
        client.update_run(run_id, "RUNNING")
    except MlflowException:
        return None
    return Run(client, run_id)


def _start(
    client: MlflowClient, name: str, params: Params | Mapping, tags: Mapping[str, str]
) -> Run:
    run_id = client.create_run(
        store.experiment_id(client), tags=dict(tags), run_name=name
    ).info.run_id
    content = asdict(params) if isinstance(params, Params) else params
    flat = [Param(key, str(value)) for key, value in _flat_params(content)]
    for some in _portions(flat, _PARAMS_PER_CALL):
        client.log_batch(run_id, params=some)
    return Run(client, run_id)


def _flat_params(params: Mapping, prefix: str = "") -> Iterator[tuple[str, object]]:
    for key, value in params.items():
        if isinstance(value, Mapping):
            yield from _flat_params(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _dvc_outputs(root: Path) -> dict[str, str]:
    """Reads folder and DVC hash of what the stages before `train` wrote."""
    lock = root / "dvc.lock"
    if not lock.exists():
        return {}
    stages = YAML(typ="safe").load(lock.read_text("utf-8")).get("stages", {})
    return {
        out["path"]: out["md5"]
        for stage in ("ingest", "tokenize")
        for out in stages.get(stage, {}).get("outs", [])
    }


def _dataset(root: Path, path: str, digest: str) -> DatasetInput:
    source = json.dumps({"path": path, "dvc_md5": digest})
    profile = json.dumps(_profile(root / path))
    # 36 characters are all that fit, and exactly what the hash of a folder has.
    dataset = Dataset(Path(path).name, digest[:36], "local", source, profile=profile)
    return DatasetInput(dataset, [InputTag("mlflow.data.context", "training")])


def _profile(folder: Path) -> dict:
    if not (folder / storage.QUARANTINE).exists():
        return {}  # tokens, which are only another form of the examples
    licenses: list[str] = []
    for split in storage.splits(folder):
        licenses += storage.read_table(folder, split, ["license"])["license"].tolist()
    return {"num_examples": len(licenses), "licenses": sorted(set(licenses))}


def _git_state(root: Path) -> dict[str, str]:
    commit = git(root, "rev-parse", "HEAD")
    if commit is None:
        return {}
    # These two the run keeps anyway, and every pipeline writes the first.
    without = (":(exclude)dvc.lock", ":(exclude)params.yaml")
    changed = git(root, "status", "--porcelain", "--untracked-files=no", ".", *without)
    return {
        "mlflow.source.git.commit": commit,
        "llmvis.git_has_uncommitted_changes": str(bool(changed)).lower(),
    }


def _portions(items: Sequence, size: int) -> Iterator[list]:
    for start in range(0, len(items), size):
        yield list(items[start : start + size])


def _now() -> int:
    return int(time.time() * 1000)
