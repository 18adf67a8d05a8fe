"""Where MLflow keeps runs and versions; without MLflow, which takes long to import.

That is `MLFLOW_TRACKING_URI` where it is set, else `mlflow.db` in the project's folder
(the nearest one above with a dvc.yaml), with the files in `mlartifacts` beside it.
"""

import os
from pathlib import Path

SQLITE = "sqlite:///"


def project_root() -> Path:
    """Finds the nearest folder at or above the current one that holds a dvc.yaml."""
    here = Path.cwd()
    marked = (p for p in (here, *here.parents) if (p / "dvc.yaml").exists())
    return next(marked, here)


def tracking_uri() -> str:
    """Gives the address of the store."""
    default = f"{SQLITE}{project_root() / 'mlflow.db'}"
    return os.environ.get("MLFLOW_TRACKING_URI") or default
