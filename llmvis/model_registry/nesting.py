"""Runs below another run: MLflow's page shows those of an experiment as one."""

from pathlib import Path

from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from llmvis.model_registry import runs, store

EXPERIMENT_TAG = "llmvis.experiment"


def find_parent(name: str) -> str | None:
    """Finds the run that stands for an experiment, or None."""
    client = store.connect()
    found = client.search_runs(
        [store.experiment_id(client)],
        f"tags.`{EXPERIMENT_TAG}` = '{name}'",
        max_results=1,
        order_by=["attributes.start_time DESC"],
    )
    return found[0].info.run_id if found else None


def nest(model_folder: Path, parent_id: str) -> None:
    """Puts the run that made a model folder below another, where there is one.

    A run has one parent: the last experiment that it was part of.
    """
    run_id = runs.find(model_folder)
    if run_id is not None:
        store.connect().set_tag(run_id, MLFLOW_PARENT_RUN_ID, parent_id)
