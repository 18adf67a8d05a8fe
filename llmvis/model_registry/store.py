"""Opens the store in which MLflow keeps runs and versions, see `place`."""

import logging
import urllib.error
import urllib.request
from pathlib import Path

import mlflow
from filelock import FileLock
from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import SQLAlchemyError

from llmvis.errors import RegistryError
from llmvis.files import replacing
from llmvis.model_registry.place import SQLITE, project_root, tracking_uri

EXPERIMENT = "llmvis"


def connect() -> MlflowClient:
    """Opens the store, and makes the default one where there is none yet.

    Raises:
        RegistryError: No server answers at the address, or the store cannot be read.
    """
    logging.getLogger("mlflow").setLevel(logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    # It misses pip in a uv environment, and would have it in a conda file of its own.
    logging.getLogger("mlflow.utils.environment").setLevel(logging.ERROR)
    uri = tracking_uri()
    if uri.startswith("http"):
        _require_answer(uri)
    try:
        if uri.startswith(SQLITE):
            _create_once(Path(uri.removeprefix(SQLITE)))
        mlflow.set_tracking_uri(uri)
        client = MlflowClient()
        client.get_experiment_by_name(EXPERIMENT)
    except (MlflowException, SQLAlchemyError) as error:
        reason = str(error).splitlines()[0]
        raise RegistryError(
            f"MLflow cannot open its store at {uri}: {reason}. Set MLFLOW_TRACKING_URI "
            "to another store, or mend this one."
        ) from error
    return client


def experiment_id(client: MlflowClient, name: str = EXPERIMENT) -> str:
    """Finds an experiment of this project, or makes it."""
    known = client.get_experiment_by_name(name)
    if known is not None:
        return known.experiment_id
    try:
        return client.create_experiment(name, _artifact_location())
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    return experiment_id(client, name)  # another process was faster


def search(client: MlflowClient, condition: str) -> list[ModelVersion]:
    """Finds every version that a condition holds of; MLflow gives 200 at a time."""
    found: list[ModelVersion] = []
    token: str | None = None
    while True:
        page = client.search_model_versions(condition, page_token=token)
        found += page
        token = page.token or None
        if token is None:
            return found


def _artifact_location() -> str | None:
    uri = mlflow.get_tracking_uri()
    if uri.startswith("http"):
        return None  # the server decides
    if uri.startswith(SQLITE):
        return (_artifacts_beside(Path(uri.removeprefix(SQLITE))) / "llmvis").as_uri()
    return (project_root() / "mlartifacts" / "llmvis").as_uri()


def _artifacts_beside(database: Path) -> Path:
    return database.resolve().parent / "mlartifacts"


def _create_once(database: Path) -> None:
    """Makes a sqlite store with all its tables, once, whoever comes first.

    Several processes that meet an empty file all migrate it, and all but one crash.
    So the first makes it beside its place and renames it; the others wait.
    """
    if _has_content(database):
        return
    database.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(database.with_name(f".{database.name}.lock")):
        if _has_content(database):
            return
        from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

        with replacing(database) as beside:
            store = SqlAlchemyStore(
                f"{SQLITE}{beside}", _artifacts_beside(database).as_uri()
            )
            store.create_experiment(
                EXPERIMENT, (_artifacts_beside(database) / "llmvis").as_uri()
            )
            store.engine.dispose()


def _has_content(database: Path) -> bool:
    return database.exists() and database.stat().st_size > 0


def _require_answer(uri: str) -> None:
    # MLflow itself would try for minutes before it says that nobody is there.
    try:
        with urllib.request.urlopen(f"{uri.rstrip('/')}/health", timeout=10):
            return
    except urllib.error.HTTPError:
        return  # somebody answers; whether we may enter is MLflow's question
    except OSError as error:
        raise RegistryError(
            f"No MLflow server answers at {uri} ({error}). Start it, or unset "
            "MLFLOW_TRACKING_URI to use mlflow.db in the project's folder."
        ) from error
