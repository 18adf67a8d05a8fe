"""Copies of what a registered version is made of, and of what was said of it."""

from pathlib import Path

import mlflow
from mlflow.exceptions import MlflowException

from llmvis import storage
from llmvis.errors import RegistryError
from llmvis.model_registry import packaging, runs
from llmvis.model_registry.provenance import Version


def fetch_model(version: Version, scratch: Path) -> Path:
    """Fetches the model folder of a version into a folder below `scratch`.

    Raises:
        RegistryError: It is not there any more.
    """
    try:
        return Path(
            mlflow.artifacts.download_artifacts(
                f"{version.uri}/{packaging.MODEL_ARTIFACT}", dst_path=str(scratch)
            )
        )
    except (MlflowException, OSError) as error:
        raise RegistryError(
            f"The files of {version.label} cannot be fetched: {error} Serve another "
            "version; `llmvis models` lists them."
        ) from error


def fetch_report(version: Version, scratch: Path) -> Path:
    """Fetches what `evaluate` wrote for a version into a folder below `scratch`.

    Raises:
        RegistryError: It is not there any more, or was changed.
    """
    try:
        folder = Path(
            mlflow.artifacts.download_artifacts(
                run_id=version.run_id,
                artifact_path=runs.report_path(version.report_fingerprint),
                dst_path=str(scratch),
            )
        )
    except (MlflowException, OSError) as error:
        raise RegistryError(
            f"The report of {version.label} cannot be fetched: {error} Name a folder "
            "with a report instead."
        ) from error
    if storage.fingerprint(folder) != version.report_fingerprint:
        raise RegistryError(
            f"The report of {version.label} is not the one that was registered. Name a "
            "folder with a report instead."
        )
    return folder
