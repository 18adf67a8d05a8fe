"""What the tools llmvis is built on read from the environment.

They are to report nothing home, to log less, and to keep what they compile.
"""

import os

from llmvis import compiled_programs

_DEFAULTS = {
    "DO_NOT_TRACK": "true",  # spelt out: `1` is not read as yes by all of them
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DVC_NO_ANALYTICS": "1",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "TF_CPP_MIN_LOG_LEVEL": "3",  # what goes wrong is raised as well
}


def prepare() -> None:
    """Sets what the user has not set, for this process and those it starts.

    Call it before a tool is imported: most of them read this only then.
    """
    for name, value in _DEFAULTS.items():
        os.environ.setdefault(name, value)
    compiled_programs.keep()
