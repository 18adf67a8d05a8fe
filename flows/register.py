"""report -> version: registers the judged model in MLflow."""

from pathlib import Path

from flows import dvc_stage
from llmvis import config
from llmvis.errors import MismatchError
from llmvis.model_registry import versions
from llmvis.model_registry.provenance import Version


def register() -> Version:
    """Registers data/model with data/report, once; the same pair gives its version.

    Raises:
        MismatchError: The report is not of this model, or there is none.
    """
    stale = [s for s in dvc_stage.needed_for("evaluate") if not dvc_stage.is_clean(s)]
    if stale:
        raise MismatchError(
            f"The report is not of the present data, params and code: {stale} would "
            "run again. Run `llmvis evaluate` first."
        )
    params = config.read()
    return versions.register(
        Path("data/model"), Path("data/report"), params.register.name, params.sampling
    )
